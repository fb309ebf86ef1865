/**
 * One PostgreSQL backend: a PGlite instance, spoken to with whole requests, synchronously. Nothing of JavaScript can
 * come between the parts of a request, so a session that has been entered is always left again.
 */
import type { PGlite, protocol } from "@electric-sql/pglite"
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import type { Message, Report } from "../Database.ts"
import type { ErrorClass } from "../ErrorClass.ts"
import type { Clock } from "./Clock.ts"
import { extendedQuery, simpleQuery, toMessage } from "./protocol.ts"
import { makeFraming, readRows } from "./rows.ts"

const BackendCrashBase: ErrorClass<"BackendCrash", { readonly message: string; readonly report?: Report }> =
  Data.TaggedError("BackendCrash")
/** The backend is gone: its memory can no longer be trusted, only its files. `report` is what its client is told. */
export class BackendCrash extends BackendCrashBase {}

/** Who a session is of, and what PostgreSQL would set at its login. */
export interface Session {
  readonly role: string
  readonly oid: number
  readonly settings: ReadonlyArray<readonly [name: string, value: string]>
}

export type Parameter = string | number | boolean | null

export interface Outcome {
  readonly messages: ReadonlyArray<Message>
  /** For how many milliseconds PostgreSQL believes to have slept; none of them has passed. */
  readonly slept: number
}

export interface Backend {
  /** Runs one statement as superuser. Throws `BackendCrash`. */
  readonly statement: (sql: string, parameters?: ReadonlyArray<Parameter>) => ReadonlyArray<Message>
  /** Runs a text of any number of statements as superuser. Throws `BackendCrash`. */
  readonly script: (sql: string) => ReadonlyArray<Message>
  /** Runs a text under a role, with no way out of it. Throws `BackendCrash`. */
  readonly runAs: (session: Session, sql: string, copyIn?: Uint8Array) => Outcome
}

/** What of PGlite's wasm module the session scheme is built on. */
interface SessionModule {
  _SetUserIdAndSecContext: (userId: number, securityContext: number) => void
  _PostgresMainLoopOnce: () => void
  _IsTransactionBlock: () => number
  /** Addresses of PostgreSQL's own flags. */
  _InterruptPending: number
  _QueryCancelPending: number
  wasmMemory: WebAssembly.Memory
}

const isSessionModule = (module: unknown): module is SessionModule =>
  Predicate.hasProperty(module, "_SetUserIdAndSecContext") &&
  Predicate.isFunction(module._SetUserIdAndSecContext) &&
  Predicate.hasProperty(module, "_PostgresMainLoopOnce") &&
  Predicate.isFunction(module._PostgresMainLoopOnce) &&
  Predicate.hasProperty(module, "_IsTransactionBlock") &&
  Predicate.isFunction(module._IsTransactionBlock) &&
  Predicate.hasProperty(module, "_InterruptPending") &&
  Predicate.isNumber(module._InterruptPending) &&
  Predicate.hasProperty(module, "_QueryCancelPending") &&
  Predicate.isNumber(module._QueryCancelPending) &&
  Predicate.hasProperty(module, "wasmMemory") &&
  module.wasmMemory instanceof WebAssembly.Memory

/** PostgreSQL's bootstrap superuser. */
const SUPERUSER = 10
/** PostgreSQL's flag for "no command may change the current user", as in a SECURITY DEFINER function. */
const SECURITY_LOCAL_USERID_CHANGE = 1
/** The status with which PGlite's build leaves the main loop after an ordinary error. */
const LONGJMP = 100
const QUERY_CANCELED = "57014"
/** A request whose answer takes more than this many bytes is cancelled: the answer is held in memory. */
const ANSWER_LIMIT = 128 * 1024 * 1024
/** What a message takes beside its data, about. */
const MESSAGE_SIZE = 100

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const failureOf = (messages: ReadonlyArray<Message>): Report | undefined =>
  messages.find((message) => message._tag === "Failure")?.report

const crashReport = (error: unknown, messages: ReadonlyArray<Message>): Report => {
  // A stack that is full for JavaScript is full for PostgreSQL too; so it would have said, had it noticed in time.
  if (error instanceof RangeError) {
    return { severity: "ERROR", code: "54001", message: "stack depth limit exceeded" }
  }
  const failure = failureOf(messages)
  return failure !== undefined && failure.severity !== "ERROR"
    ? failure
    : { severity: "FATAL", code: "57P02", message: "terminating connection because the server process crashed" }
}

/**
 * Takes over a PGlite instance that nobody else talks to, with a clock that is among its extensions. Throws
 * `BackendCrash` if this PGlite lacks what the session scheme needs, or if a role can leave its session.
 */
export const make = async (pglite: PGlite, wire: typeof protocol, clock: Clock): Promise<Backend> => {
  const module: unknown = pglite.Module
  if (!isSessionModule(module)) {
    throw new BackendCrash({ message: "this version of @electric-sql/pglite lacks SetUserIdAndSecContext" })
  }

  let crash: BackendCrash | undefined
  let thrown: unknown
  const loopOnce = module._PostgresMainLoopOnce
  // PGlite swallows whatever ends the loop early. After anything but PostgreSQL's own error exit (a stack overflow, an
  // exit) the instance goes on to answer with empty results.
  module._PostgresMainLoopOnce = () => {
    try {
      loopOnce()
    } catch (error) {
      if (!(Predicate.hasProperty(error, "status") && error.status === LONGJMP)) thrown ??= error
      throw error
    }
  }

  const cancel = (): void => {
    const memory = new DataView(module.wasmMemory.buffer)
    memory.setInt32(module._QueryCancelPending, 1, true)
    memory.setInt32(module._InterruptPending, 1, true)
  }

  let received: Array<Message> = []
  let size = 0
  let parser = new wire.Parser()
  let frames = makeFraming()
  const keep = (message: Message | undefined): void => {
    if (message === undefined) return
    size += MESSAGE_SIZE
    if (size > ANSWER_LIMIT && (message._tag === "Row" || message._tag === "CopyData")) return
    received.push(message)
  }
  const receive = (bytes: Uint8Array): void => {
    size += bytes.length
    for (const frame of frames(bytes)) {
      const rows = readRows(frame)
      if (rows === undefined) parser.parse(frame, (backendMessage) => keep(toMessage(wire, backendMessage)))
      else keep(rows)
    }
    if (size > ANSWER_LIMIT) cancel()
  }
  await pglite.execProtocolRawStream(wire.serialize.sync(), { syncToFs: false, onRawData: receive })

  const exchange = (request: Uint8Array): ReadonlyArray<Message> => {
    if (crash !== undefined) throw crash
    received = []
    size = 0
    parser = new wire.Parser()
    frames = makeFraming()
    try {
      pglite.execProtocolRawSync(request)
    } catch (error) {
      thrown ??= error
    }
    if (thrown !== undefined) {
      crash = new BackendCrash({
        message: `PostgreSQL ended unexpectedly: ${String(thrown)}`,
        report: crashReport(thrown, received)
      })
      throw crash
    }
    return received
  }

  const must = (sql: string): void => {
    const request = simpleQuery(wire, sql)
    let failure = failureOf(exchange(request))
    // A cancellation that came too late for its statement meets the next one.
    if (failure?.code === QUERY_CANCELED) failure = failureOf(exchange(request))
    if (failure === undefined) return
    crash = new BackendCrash({ message: `PostgreSQL refused ${sql}: ${failure.message}` })
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
    // The settings are applied under the role itself: what it could not set, it must not get. As at a login, a setting
    // that no longer holds is passed over.
    for (const setting of session.settings) {
      exchange(extendedQuery(wire, "SELECT pg_catalog.set_config($1, $2, false)", setting))
    }
  }

  const leave = (): void => {
    becomeSuperuser()
    endTransaction()
    must("SET SESSION AUTHORIZATION postgres")
    must("DISCARD ALL")
  }

  const statement: Backend["statement"] = (sql, parameters = []) => {
    const messages = exchange(extendedQuery(wire, sql, parameters))
    endTransaction()
    return messages
  }

  const runAs: Backend["runAs"] = (session, sql, copyIn) => {
    try {
      enter(session)
      const [messages, slept] = clock.during(() => exchange(simpleQuery(wire, sql, copyIn)))
      return { messages, slept }
    } finally {
      if (crash === undefined) leave()
    }
  }

  clock.calibrate(() => exchange(simpleQuery(wire, "SELECT pg_catalog.pg_sleep(0.01)")))
  testEscapes({ statement, runAs })
  return {
    statement,
    script: (sql) => {
      const messages = exchange(simpleQuery(wire, sql))
      endTransaction()
      return messages
    },
    runAs
  }
}

/** A role that every PostgreSQL has and that may do nothing of interest. */
const NOBODY = "pg_signal_backend"
const SECRET = "SELECT rolpassword FROM pg_catalog.pg_authid"
const ESCAPES = [
  SECRET,
  `RESET ROLE; ${SECRET}`,
  `SET ROLE postgres; ${SECRET}`,
  `SET SESSION AUTHORIZATION postgres; ${SECRET}`,
  `ROLLBACK; ${SECRET}`,
  `DO $$ BEGIN PERFORM pg_catalog.set_config('role', 'postgres', false); END $$; ${SECRET}`
]

/** Tries to leave a session, and throws if that succeeds: then this PGlite is not safe to use. */
const testEscapes = ({ statement, runAs }: Pick<Backend, "statement" | "runAs">): void => {
  const [oid] = valuesOf(statement("SELECT oid FROM pg_catalog.pg_authid WHERE rolname = $1", [NOBODY]))
  for (const escape of ESCAPES) {
    const { messages } = runAs({ role: NOBODY, oid: Number(oid), settings: [] }, escape)
    if (failureOf(messages)?.code !== "42501" || messages.some((message) => message._tag === "Row")) {
      throw new BackendCrash({ message: "with this version of @electric-sql/pglite a role can leave its session" })
    }
  }
  const users = valuesOf(statement("SELECT session_user, current_user"))
  if (users.some((user) => user !== "postgres")) {
    throw new BackendCrash({ message: "with this version of @electric-sql/pglite a session cannot be ended" })
  }
}

const valuesOf = (messages: ReadonlyArray<Message>): ReadonlyArray<string | null> =>
  messages.flatMap((message) => (message._tag === "Row" ? message.values : []))
