/**
 * Prevents the SQL of a key from changing roles, their passwords and the initial settings of their sessions.
 *
 * PostgreSQL lets every role change its own password and settings, and all clients with the same key share its role.
 * One request could therefore lock out all other clients. PostgreSQL's object access hook refuses such a change,
 * regardless of the statement or function that makes it.
 */

/** The parts of PGlite's wasm module that the guard needs. */
export interface GuardModule {
  addFunction: (run: (...parameters: ReadonlyArray<number>) => void, signature: string) => number
  _malloc: (size: number) => number
  _errstart: (level: number, domain: number) => number
  _errcode: (code: number) => number
  _errmsg: (text: number, parameters: number) => number
  _errfinish: (file: number, line: number, functionName: number) => void
  /** Address of PostgreSQL's pointer to the hook. */
  _object_access_hook: number
  wasmMemory: WebAssembly.Memory
}

/** Names of the wasm module's functions that the guard needs. */
export const guardFunctions: ReadonlyArray<string> = [
  "addFunction",
  "_malloc",
  "_errstart",
  "_errcode",
  "_errmsg",
  "_errfinish"
]
/** Names of the wasm module's addresses that the guard needs. */
export const guardAddresses: ReadonlyArray<string> = ["_object_access_hook"]

/** Refuses changes of roles. */
export interface RoleGuard {
  /** Refuses changes of roles while `run` runs. */
  readonly during: <A>(run: () => A) => A
}

/**
 * OIDs of the catalogs that all databases share: roles, role memberships, databases, tablespaces, settings of roles.
 */
const SHARED: ReadonlySet<number> = new Set([1260, 1261, 1262, 1213, 2964])
const POST_CREATE = 0
const DROP = 1
const POST_ALTER = 2

/** `ERROR`. */
const LEVEL = 21
/** SQLSTATE 42501 as PostgreSQL packs it: six bits per character. */
const INSUFFICIENT_PRIVILEGE = [..."42501"].reduce((code, digit, index) => code | (Number(digit) << (6 * index)), 0)

/** Copies text to memory that PostgreSQL can read. */
const allocate = (module: GuardModule, text: string): number => {
  const bytes = new TextEncoder().encode(`${text}\0`)
  const address = module._malloc(bytes.length)
  new Uint8Array(module.wasmMemory.buffer).set(bytes, address)
  return address
}

/** Installs the hook. */
export const make = (module: GuardModule): RoleGuard => {
  const message = allocate(module, "permission denied to alter role")
  let active = false
  const onAccess = (access: number, catalog: number): void => {
    if (!active || !SHARED.has(catalog)) return
    if (access !== POST_CREATE && access !== DROP && access !== POST_ALTER) return
    module._errstart(LEVEL, 0)
    module._errcode(INSUFFICIENT_PRIVILEGE)
    module._errmsg(message, 0)
    module._errfinish(0, 0, 0)
  }
  const hook = module.addFunction(onAccess, "viiiii")
  new DataView(module.wasmMemory.buffer).setInt32(module._object_access_hook, hook, true)
  return {
    during: (run) => {
      active = true
      try {
        return run()
      } finally {
        active = false
      }
    }
  }
}
