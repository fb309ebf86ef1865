/**
 * PostgreSQL's alarm and sleep inside PGlite, which lacks both. PGlite's alarm is a JavaScript timer that cannot fire
 * while a statement runs. Its sleep is a loop that asks for the time.
 *
 * PostgreSQL asks the host for the time, for pages and for files. At these calls, the alarm fires if it is due, so
 * `statement_timeout` is PostgreSQL's own. In the loop of `pg_sleep`, the clock is advanced instead of waiting. A
 * statement that only computes makes no such call and cannot be stopped.
 *
 * The alarm ignores time in which the thread did not work. A statement therefore gets as far on a busy machine as on an
 * idle one.
 */
import type { Extension } from "@electric-sql/pglite"
import process from "node:process"

/** The clock of one PGlite instance. */
export interface Clock {
  /** The extension that must be among the extensions of the PGlite instance. */
  readonly extension: Extension
  /** Runs `run` with alarms and sleeps. Returns its result, and the milliseconds PostgreSQL believes it slept. */
  readonly during: <A>(run: () => A) => readonly [result: A, slept: number]
  /** Returns the number of bytes that PostgreSQL has written to files so far. */
  readonly written: () => number
  /** Learns to recognize a sleep from `sleep`, which must make PostgreSQL sleep. No time passes. */
  readonly calibrate: (sleep: () => void) => void
}

type Import = (...parameters: ReadonlyArray<number | bigint>) => number | bigint | undefined
type Imports = Readonly<Record<string, object>>
type Instantiate = (imports: Imports, onReady: (instance: WebAssembly.Instance, module: unknown) => void) => object

const isImport = (value: unknown): value is Import => typeof value === "function"
const isInstantiate = (value: unknown): value is Instantiate => typeof value === "function"
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null
const isMemory = (value: unknown): value is WebAssembly.Memory => value instanceof WebAssembly.Memory

/** The host functions that PostgreSQL calls while it works on pages and files. */
const OCCASIONS = new Set(["fd_pread", "fd_pwrite", "fd_read", "fd_write", "__syscall_openat", "__syscall_stat64"])
const WRITES = new Set(["fd_pwrite", "fd_write"])

/** Returns the total bytes of a list of pieces. Each piece is an address and a length. */
const sizeOfPieces = (
  memory: WebAssembly.Memory | undefined,
  list: number | bigint | undefined,
  count: number | bigint | undefined
): number => {
  if (memory === undefined) return 0
  const view = new DataView(memory.buffer, Number(list), 8 * Number(count))
  let size = 0
  for (let at = 4; at < view.byteLength; at += 8) size += view.getUint32(at, true)
  return size
}

/** Number of consecutive requests for the time after which the caller is checked for a sleep. */
const PATIENCE = 2048
/** A step through a sleep, as a fraction of the time already slept. The sleep ends late by at most this fraction. */
const STEP = 1 / 256
/**
 * Number of requests after which a sleep with a stopped clock must be in its loop. The same number of further requests
 * is then used to learn from.
 */
const LESSON = 64
/** Milliseconds; longer than any sleep that is used to learn. */
const AN_HOUR = 3_600_000
/** `ITIMER_REAL`. */
const REAL_TIME = 0

/**
 * Returns the milliseconds that this thread has worked, if the runtime reports them; otherwise the milliseconds that
 * have passed.
 */
const workingTime: () => number =
  typeof process.threadCpuUsage === "function"
    ? () => {
        const { system, user } = process.threadCpuUsage()
        return (system + user) / 1000
      }
    : () => performance.now()

/** Returns the innermost functions of PostgreSQL on the stack, in the format of the JavaScript engine. */
const callers = (): string => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 10
  const { stack = "" } = new Error("stack")
  Error.stackTraceLimit = limit
  return stack
    .split("\n")
    .filter((line) => line.includes("wasm"))
    .slice(0, 3)
    .join("\n")
}

const replacing = <T extends object>(imports: T, replace: (name: string, original: Import) => Import | undefined): T =>
  new Proxy(imports, {
    get: (target, name) => {
      const original: unknown = Reflect.get(target, name)
      return typeof name === "string" && isImport(original) ? (replace(name, original) ?? original) : original
    }
  })

/**
 * Creates a clock. `onOccasion` is called whenever PostgreSQL calls a host function. `active` reports whether alarms
 * and sleeps are enabled at that time.
 */
export const make = (onOccasion: (active: boolean) => void = () => {}): Clock => {
  let memory: WebAssembly.Memory | undefined
  let ring: Import | undefined
  let active = false
  let ahead = 0
  let alarm = Infinity
  let questions = 0
  let place: number | bigint | undefined
  let asleep = 0
  const sleeping = new Set<string>()
  let learning = false
  /** Time at which the lesson began, by clock of the host. */
  const frozen = new Map<number, bigint>()
  /** Time without work that was already added to the alarm. */
  let rested = 0
  let written = 0

  const now = (): number => performance.now() + ahead
  const idleTime = (): number => performance.now() - workingTime()

  const strike = (): void => {
    onOccasion(active)
    if (!active || now() < alarm) return
    const rest = idleTime() - rested
    rested += rest
    alarm += rest
    if (now() < alarm) return
    alarm = Infinity
    ring?.(REAL_TIME, now())
  }

  const awake = (): void => {
    questions = 0
    asleep = 0
  }

  const passTime = (answerAt: number | bigint | undefined): void => {
    if (answerAt !== place) awake()
    place = answerAt
    questions += 1
    if (asleep === 0 && (questions % PATIENCE !== 0 || !sleeping.has(callers()))) return
    const step = Math.max(1, asleep * STEP)
    asleep += step
    ahead += step
  }

  /** Stops the clock until enough of the loop has been observed. Then ends the sleep. */
  const learn = (answerAt: number | bigint | undefined): void => {
    if (answerAt !== place) questions = 0
    place = answerAt
    questions += 1
    if (questions > LESSON) sleeping.add(callers())
    if (questions < 2 * LESSON) return
    questions = 0
    ahead += AN_HOUR
  }

  const inWasi = (name: string, original: Import): Import | undefined => {
    if (name === "clock_time_get") {
      return (id, precision, answerAt) => {
        if (learning) learn(answerAt)
        if (active) passTime(answerAt)
        strike()
        const result = original(id ?? 0, precision ?? 0n, answerAt ?? 0)
        if ((ahead !== 0 || learning) && memory !== undefined && answerAt !== undefined) {
          const view = new DataView(memory.buffer)
          const time = view.getBigInt64(Number(answerAt), true)
          const clock = Number(id)
          const start = learning ? (frozen.get(clock) ?? time) : time
          if (learning) frozen.set(clock, start)
          view.setBigInt64(Number(answerAt), start + BigInt(Math.round(ahead * 1e6)), true)
        }
        return result
      }
    }
    return occasion(name, original)
  }

  const inEnvironment = (name: string, original: Import): Import | undefined => {
    switch (name) {
      case "_setitimer_js":
        return (timer, milliseconds) => {
          if (timer !== REAL_TIME) return original(timer ?? 0, milliseconds ?? 0)
          // Emscripten truncates the interval to whole milliseconds. PostgreSQL sets an alarm that fires early again
          // with an interval of 0, so the alarm would be lost.
          rested = idleTime()
          alarm = Number(milliseconds) === 0 ? Infinity : now() + Number(milliseconds) + 1
          return 0
        }
      case "emscripten_date_now":
      case "emscripten_get_now":
        return () => {
          awake()
          strike()
          return Number(original()) + ahead
        }
      default:
        return occasion(name, original)
    }
  }

  const occasion = (name: string, original: Import): Import | undefined =>
    OCCASIONS.has(name)
      ? (...parameters) => {
          awake()
          strike()
          if (WRITES.has(name)) written += sizeOfPieces(memory, parameters[1], parameters[2])
          return original(...parameters)
        }
      : undefined

  const extension: Extension = {
    name: "clock",
    setup: async (_pglite, emscripten: unknown) => {
      if (!isObject(emscripten)) return {}
      if (!("instantiateWasm" in emscripten) || !isInstantiate(emscripten.instantiateWasm)) return {}
      const instantiate = emscripten.instantiateWasm
      if ("wasmMemory" in emscripten && isMemory(emscripten.wasmMemory)) memory = emscripten.wasmMemory
      const instantiateWasm: Instantiate = (imports, onReady) => {
        const { env, wasi_snapshot_preview1: wasi } = imports
        return instantiate(
          {
            ...imports,
            ...(env === undefined ? {} : { env: replacing(env, inEnvironment) }),
            ...(wasi === undefined ? {} : { wasi_snapshot_preview1: replacing(wasi, inWasi) })
          },
          (instance, module) => {
            const exported: unknown = instance.exports._emscripten_timeout
            if (isImport(exported)) ring = exported
            onReady(instance, module)
          }
        )
      }
      return { emscriptenOpts: { ...emscripten, instantiateWasm } }
    }
  }

  return {
    extension,
    written: () => written,
    during: (run) => {
      active = true
      ahead = 0
      awake()
      try {
        const result = run()
        return [result, ahead]
      } finally {
        active = false
        ahead = 0
      }
    },
    calibrate: (sleep) => {
      learning = true
      awake()
      try {
        sleep()
      } finally {
        learning = false
        ahead = 0
        frozen.clear()
        awake()
      }
    }
  }
}
