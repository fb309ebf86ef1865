/**
 * PostgreSQL's alarm and its sleep inside PGlite, which lacks both: its alarm is a JavaScript timer that cannot strike
 * while a statement runs, and its sleep a loop that asks for the time.
 *
 * PostgreSQL asks the host for the time, for pages and for files. On those occasions the alarm strikes here when it is
 * due, so that `statement_timeout` is PostgreSQL's own; and in the loop of `pg_sleep` the time is moved on instead of
 * waiting. A statement that only computes asks for nothing, and cannot be stopped.
 *
 * The alarm takes no notice of time in which the thread was not at work, so that on a busy machine a statement gets as far
 * as on an idle one.
 */
import type { Extension } from "@electric-sql/pglite"
import process from "node:process"

export interface Clock {
  /** Must be among the extensions of the PGlite instance. */
  readonly extension: Extension
  /** Runs `run` with alarms and sleeps; says for how many milliseconds PostgreSQL believes to have slept. */
  readonly during: <A>(run: () => A) => readonly [result: A, slept: number]
  /** How many bytes PostgreSQL has written to files so far. */
  readonly written: () => number
  /** Learns what a sleep looks like from `sleep`, which must make PostgreSQL sleep. No time passes. */
  readonly calibrate: (sleep: () => void) => void
}

type Import = (...parameters: ReadonlyArray<number | bigint>) => number | bigint | undefined
type Imports = Readonly<Record<string, object>>
type Instantiate = (imports: Imports, onReady: (instance: WebAssembly.Instance, module: unknown) => void) => object

const isImport = (value: unknown): value is Import => typeof value === "function"
const isInstantiate = (value: unknown): value is Instantiate => typeof value === "function"
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null
const isMemory = (value: unknown): value is WebAssembly.Memory => value instanceof WebAssembly.Memory

/** What PostgreSQL calls while it works on pages and files. */
const OCCASIONS = new Set(["fd_pread", "fd_pwrite", "fd_read", "fd_write", "__syscall_openat", "__syscall_stat64"])
const WRITES = new Set(["fd_pwrite", "fd_write"])

/** The bytes of a list of pieces: an address and a length each. */
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

/** Questions for the time without anything between them, after which it is worth looking whether that is a sleep. */
const PATIENCE = 2048
/** A step through a sleep, as a part of what has been slept already: the sleep ends late by no more than that. */
const STEP = 1 / 256
/** Questions after which a sleep whose time stands still must be in its loop, and questions that are then learnt from. */
const LESSON = 64
/** Milliseconds; longer than any sleep that is learnt from. */
const AN_HOUR = 3_600_000
/** `ITIMER_REAL`. */
const REAL_TIME = 0

/** Milliseconds that this thread has been at work, where the runtime says; otherwise those that have passed. */
const workingTime: () => number =
  typeof process.threadCpuUsage === "function"
    ? () => {
        const { system, user } = process.threadCpuUsage()
        return (system + user) / 1000
      }
    : () => performance.now()

/** The innermost functions of PostgreSQL on the stack, in whatever form the JavaScript engine prints them. */
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
 * A clock. `onOccasion` is called whenever PostgreSQL asks the host for something; `active` says whether that is while
 * alarms and sleeps go on.
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
  /** When the lesson began, by each of the host's clocks. */
  const frozen = new Map<number, bigint>()
  /** Time without work, up to when it was last added to the alarm. */
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

  /** Time stands still until enough of the loop has been seen; then the sleep is over. */
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
          // Emscripten cuts the interval to whole milliseconds: an alarm that strikes early is set again to nothing, and lost.
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
