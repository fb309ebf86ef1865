/**
 * One PostgreSQL backend: a PGlite instance that receives complete requests synchronously. No JavaScript runs between
 * the parts of a request, so an entered session is always left again.
 */
import type { PGlite, protocol } from "@electric-sql/pglite"
import type { Message, Report } from "../../database.ts"
import { identifier } from "../../shared/quoting.ts"
import { failureOf, isData, makeFraming, read, readFailure, writeFailure } from "./messages.ts"
import type { Clock } from "./clock.ts"
import { Crash, crashReport } from "./crash.ts"
import * as RoleGuard from "./roleGuard.ts"
import { extendedQuery, simpleQuery } from "./requests.ts"

/** The owner of a session, and the settings that PostgreSQL would apply at its login. */
export interface Session {
  readonly role: string
  readonly oid: number
  readonly settings: ReadonlyArray<readonly [name: string, value: string]>
}

/** SQL text to run under a role. */
export interface Text {
  readonly session: Session
  readonly sql: string
  /** The data of a `COPY … FROM STDIN`. */
  readonly copyIn: Uint8Array | undefined
  readonly mayAlterRoles: boolean
}

/** The value of a bind parameter. */
export type Parameter = string | number | boolean | null

/** Receives a message of PostgreSQL's protocol. PGlite owns the message's memory and overwrites it later. */
export type Sink = (message: Uint8Array) => void

/** The operations of one PostgreSQL backend. */
export interface Backend {
  /** Runs one statement as superuser. Throws `Crash`. */
  readonly statement: (sql: string, parameters: ReadonlyArray<Parameter>, sink: Sink) => void
  /** Runs text with any number of statements as superuser. Throws `Crash`. */
  readonly script: (sql: string, sink: Sink) => void
  /**
   * Runs text under a role and prevents the text from leaving the role. Returns the milliseconds that PostgreSQL
   * believes to have slept, although no time has passed. Throws `Crash`.
   */
  readonly runAs: (text: Text, sink: Sink) => number
  /** Requests the cancellation of the running statement. PostgreSQL cancels it at its next check for interrupts. */
  readonly cancel: () => void
}

/** The parts of PGlite's wasm module that the session scheme needs. */
interface SessionModule extends RoleGuard.GuardModule {
  _SetUserIdAndSecContext: (userId: number, securityContext: number) => void
  _PostgresMainLoopOnce: () => void
  _PostgresSendReadyForQueryIfNecessary: () => void
  _pgl_pq_flush: () => void
  _IsTransactionBlock: () => number
  /** Addresses of PostgreSQL's own flags. */
  _InterruptPending: number
  _QueryCancelPending: number
}

const FUNCTIONS = [
  "_SetUserIdAndSecContext",
  "_PostgresMainLoopOnce",
  "_PostgresSendReadyForQueryIfNecessary",
  "_pgl_pq_flush",
  "_IsTransactionBlock",
  ...RoleGuard.guardFunctions
]
const ADDRESSES = ["_InterruptPending", "_QueryCancelPending", ...RoleGuard.guardAddresses]

const isSessionModule = (module: unknown): module is SessionModule =>
  typeof module === "object" &&
  module !== null &&
  FUNCTIONS.every((name) => typeof Reflect.get(module, name) === "function") &&
  ADDRESSES.every((name) => typeof Reflect.get(module, name) === "number") &&
  Reflect.get(module, "wasmMemory") instanceof WebAssembly.Memory

/** PostgreSQL's bootstrap superuser. */
const SUPERUSER = 10
/** PostgreSQL's flag for "no command may change the current user", as in a SECURITY DEFINER function. */
const SECURITY_LOCAL_USERID_CHANGE = 1
/** The status with which PGlite's build leaves the main loop after an ordinary error. */
const LONGJMP = 100
const QUERY_CANCELED = "57014"
/**
 * Maximum bytes of a response. A request with a larger response is canceled, because the response is held in memory.
 */
const ANSWER_LIMIT = 128 * 1024 * 1024
/** The failure of a statement with a larger response. */
const TOO_LARGE: Report = {
  severity: "ERROR",
  code: "54000",
  message: "the response is larger than 128 MB, which is the limit of the embedded CARTO"
}
/** Approximate overhead of a message in bytes, in addition to its data. */
const MESSAGE_SIZE = 100

/**
 * Takes over a PGlite instance that has no other user. `clock` must be among the extensions of the instance. Throws
 * `Crash` if this PGlite lacks a part that the session scheme needs, or if a role can leave its session.
 */
export const make = async (pglite: PGlite, wire: typeof protocol, clock: Clock): Promise<Backend> => {
  const module: unknown = pglite.Module
  if (!isSessionModule(module)) {
    throw new Crash("this version of @electric-sql/pglite lacks SetUserIdAndSecContext")
  }

  let crash: Crash | undefined
  let thrown: unknown
  // PGlite discards failures that end a request early, or reports them only later. After any failure except
  // PostgreSQL's own error exit (a stack overflow, an exit), the instance would return empty results from then on.
  const noting =
    (run: () => void): (() => void) =>
    () => {
      try {
        run()
      } catch (error) {
        if (!(typeof error === "object" && error !== null && "status" in error && error.status === LONGJMP)) {
          thrown ??= error
        }
        throw error
      }
    }
  module._PostgresMainLoopOnce = noting(module._PostgresMainLoopOnce)
  module._PostgresSendReadyForQueryIfNecessary = noting(module._PostgresSendReadyForQueryIfNecessary)
  module._pgl_pq_flush = noting(module._pgl_pq_flush)
  const guard = RoleGuard.make(module)

  const cancel = (): void => {
    const memory = new DataView(module.wasmMemory.buffer)
    memory.setInt32(module._QueryCancelPending, 1, true)
    memory.setInt32(module._InterruptPending, 1, true)
  }

  let size = 0
  let failure: Report | undefined
  let sink: Sink = ignore
  let frames = makeFraming()
  const receive = (bytes: Uint8Array): void => {
    size += bytes.length
    for (const message of frames(bytes)) {
      size += MESSAGE_SIZE
      if (size > ANSWER_LIMIT && isData(message)) continue
      const said = readFailure(message)
      const isTooLarge = size > ANSWER_LIMIT && said?.code === QUERY_CANCELED
      failure ??= isTooLarge ? TOO_LARGE : said
      sink(isTooLarge ? writeFailure(TOO_LARGE) : message)
    }
    if (size > ANSWER_LIMIT) cancel()
  }
  /** Sends a request and returns its failure. */
  const exchange = (request: Uint8Array, to: Sink = ignore): Report | undefined => {
    if (crash !== undefined) throw crash
    size = 0
    failure = undefined
    sink = to
    frames = makeFraming()
    // PGlite runs the request before it returns the promise. The promise only repeats a failure that was already
    // recorded.
    pglite.execProtocolRawStream(request, { syncToFs: false, onRawData: receive }).catch((error: unknown) => {
      thrown ??= error
    })
    if (thrown !== undefined) {
      crash = new Crash(`PostgreSQL ended unexpectedly: ${String(thrown)}`, crashReport(thrown, failure))
      throw crash
    }
    return failure
  }

  const must = (sql: string): void => {
    const request = simpleQuery(wire, sql)
    let refusal = exchange(request)
    // A cancellation that came too late for its statement affects the next statement.
    if (refusal?.code === QUERY_CANCELED) refusal = exchange(request)
    if (refusal === undefined) return
    crash = new Crash(`PostgreSQL refused ${sql}: ${refusal.message}`)
    throw crash
  }

  const becomeSuperuser = (): void => module._SetUserIdAndSecContext(SUPERUSER, 0)

  const endTransaction = (): void => {
    if (module._IsTransactionBlock() !== 0) must("ROLLBACK")
    becomeSuperuser()
  }

  const enter = (session: Session): void => {
    must(`SET SESSION AUTHORIZATION ${identifier(session.role)}`)
    module._SetUserIdAndSecContext(session.oid, SECURITY_LOCAL_USERID_CHANGE)
    // The settings are applied under the role itself, so the role gets no setting that it cannot set. As at a login, a
    // setting that is no longer valid is skipped.
    for (const setting of session.settings) {
      exchange(extendedQuery(wire, "SELECT pg_catalog.set_config($1, $2, false)", setting))
    }
    // All sessions share one generator of random numbers, which SQL text can seed.
    exchange(extendedQuery(wire, "SELECT pg_catalog.setseed($1::text::float8)", [2 * Math.random() - 1]))
  }

  const leave = (): void => {
    becomeSuperuser()
    endTransaction()
    must("SET SESSION AUTHORIZATION postgres")
    must("DISCARD ALL")
  }

  const statement: Backend["statement"] = (sql, parameters, to) => {
    exchange(extendedQuery(wire, sql, parameters), to)
    endTransaction()
  }

  const runAs: Backend["runAs"] = ({ copyIn, mayAlterRoles, session, sql }, to) => {
    try {
      enter(session)
      const run = () => exchange(simpleQuery(wire, sql, copyIn), to)
      const [, slept] = clock.during(() => (mayAlterRoles ? run() : guard.during(run)))
      return slept
    } finally {
      if (crash === undefined) leave()
    }
  }

  clock.calibrate(() => exchange(simpleQuery(wire, "SELECT pg_catalog.pg_sleep(1)")))
  testEscapes({ statement, runAs })
  return {
    statement,
    script: (sql, to) => {
      exchange(simpleQuery(wire, sql), to)
      endTransaction()
    },
    runAs,
    cancel
  }
}

const ignore: Sink = () => {}

const collect = (run: (sink: Sink) => void): ReadonlyArray<Message> => {
  const messages: Array<Message> = []
  run((bytes) => {
    const message = read(bytes)
    if (message !== undefined) messages.push(message)
  })
  return messages
}

/** A role that every PostgreSQL has and that has no relevant permissions. */
const NOBODY = "pg_signal_backend"
const SECRET = "SELECT rolpassword FROM pg_catalog.pg_authid"
const ESCAPES = [
  SECRET,
  `RESET ROLE; ${SECRET}`,
  `SET ROLE postgres; ${SECRET}`,
  `SET SESSION AUTHORIZATION postgres; ${SECRET}`,
  `ROLLBACK; ${SECRET}`,
  `DO $$ BEGIN PERFORM pg_catalog.set_config('role', 'postgres', false); END $$; ${SECRET}`,
  "ALTER ROLE CURRENT_USER PASSWORD 'x'",
  "DO $$ BEGIN ALTER ROLE CURRENT_USER SET search_path = pg_temp; END $$"
]

/** Tries to leave a session. Throws if that succeeds, because this PGlite is then not safe to use. */
const testEscapes = ({ runAs, statement }: Pick<Backend, "statement" | "runAs">): void => {
  const [oid] = valuesOf((sink) => statement("SELECT oid FROM pg_catalog.pg_authid WHERE rolname = $1", [NOBODY], sink))
  const session = { role: NOBODY, oid: Number(oid), settings: [] }
  for (const sql of ESCAPES) {
    const messages = collect((sink) => runAs({ session, sql, copyIn: undefined, mayAlterRoles: false }, sink))
    if (failureOf(messages)?.code !== "42501" || messages.some((message) => message._tag === "Row")) {
      throw new Crash("with this version of @electric-sql/pglite a role can leave its session")
    }
  }
  const users = valuesOf((sink) => statement("SELECT session_user, current_user", [], sink))
  if (users.some((user) => user !== "postgres")) {
    throw new Crash("with this version of @electric-sql/pglite a session cannot be ended")
  }
}

const valuesOf = (run: (sink: Sink) => void): ReadonlyArray<string | null> =>
  collect(run).flatMap((message) => (message._tag === "Row" ? message.values : []))
