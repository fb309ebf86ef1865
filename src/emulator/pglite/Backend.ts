/**
 * One PostgreSQL backend: a PGlite instance, spoken to with whole requests, synchronously. Nothing of JavaScript can
 * come between the parts of a request, so a session that has been entered is always left again.
 */
import type { PGlite, protocol } from "@electric-sql/pglite"
import * as Data from "effect/Data"
import type * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"
import type { Message, Report } from "../Database.ts"
import { extendedQuery, simpleQuery, toMessage } from "./protocol.ts"

type ErrorClass<Tag extends string, Fields> = new (
  fields: Fields
) => Cause.YieldableError & { readonly _tag: Tag } & Readonly<Fields>

const BackendCrashBase: ErrorClass<"BackendCrash", { readonly message: string; readonly cause?: unknown }> =
  Data.TaggedError("BackendCrash")
/** The backend is gone: its memory can no longer be trusted, only its files. */
export class BackendCrash extends BackendCrashBase {}

/** Who a session is of, and what PostgreSQL would set at its login. */
export interface Session {
  readonly role: string
  readonly oid: number
  readonly settings: ReadonlyArray<readonly [name: string, value: string]>
}

export type Parameter = string | number | boolean | null

export interface Backend {
  /** Runs one statement as superuser. Throws `BackendCrash`. */
  readonly statement: (sql: string, parameters: ReadonlyArray<Parameter>) => ReadonlyArray<Message>
  /** Runs a text of any number of statements as superuser. Throws `BackendCrash`. */
  readonly script: (sql: string) => ReadonlyArray<Message>
  /** Runs a text under a role, with no way out of it. Throws `BackendCrash`. */
  readonly runAs: (session: Session, sql: string, copyIn: Uint8Array | undefined) => ReadonlyArray<Message>
}

/** What of PGlite's wasm module the session scheme is built on. */
interface SessionModule {
  _SetUserIdAndSecContext: (userId: number, securityContext: number) => void
  _PostgresMainLoopOnce: () => void
  _IsTransactionBlock: () => number
}

const isSessionModule = (module: unknown): module is SessionModule =>
  Predicate.hasProperty(module, "_SetUserIdAndSecContext") &&
  Predicate.isFunction(module._SetUserIdAndSecContext) &&
  Predicate.hasProperty(module, "_PostgresMainLoopOnce") &&
  Predicate.isFunction(module._PostgresMainLoopOnce) &&
  Predicate.hasProperty(module, "_IsTransactionBlock") &&
  Predicate.isFunction(module._IsTransactionBlock)

/** PostgreSQL's bootstrap superuser. */
const SUPERUSER = 10
/** PostgreSQL's flag for "no command may change the current user", as in a SECURITY DEFINER function. */
const SECURITY_LOCAL_USERID_CHANGE = 1
/** The status with which PGlite's build leaves the main loop after an ordinary error. */
const LONGJMP = 100

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const failureOf = (messages: ReadonlyArray<Message>): Report | undefined =>
  messages.find((message) => message._tag === "Failure")?.report

/**
 * Takes over a PGlite instance that nobody else talks to. Throws `BackendCrash` if this PGlite lacks what the session
 * scheme needs.
 */
export const make = async (pglite: PGlite, wire: typeof protocol): Promise<Backend> => {
  const module: unknown = pglite.Module
  if (!isSessionModule(module)) {
    throw new BackendCrash({ message: "this version of @electric-sql/pglite lacks SetUserIdAndSecContext" })
  }

  let crash: unknown = undefined
  const loopOnce = module._PostgresMainLoopOnce
  // PGlite swallows whatever ends the loop early. After anything but PostgreSQL's own error exit (a stack overflow, an
  // exit) the instance goes on to answer with empty results.
  module._PostgresMainLoopOnce = () => {
    try {
      loopOnce()
    } catch (error) {
      if (!(Predicate.hasProperty(error, "status") && error.status === LONGJMP)) crash ??= error
      throw error
    }
  }

  let received: Array<Message> = []
  let parser = new wire.Parser()
  const receive = (bytes: Uint8Array): void =>
    parser.parse(bytes, (message) => {
      const converted = toMessage(wire, message)
      if (converted !== undefined) received.push(converted)
    })
  await pglite.execProtocolRawStream(wire.serialize.sync(), { syncToFs: false, onRawData: receive })

  const exchange = (request: Uint8Array): ReadonlyArray<Message> => {
    if (crash !== undefined) throw new BackendCrash({ message: "PostgreSQL is gone", cause: crash })
    received = []
    parser = new wire.Parser()
    pglite.execProtocolRawSync(request)
    if (crash !== undefined) throw new BackendCrash({ message: "PostgreSQL ended unexpectedly", cause: crash })
    return received
  }

  const must = (sql: string): void => {
    const failure = failureOf(exchange(simpleQuery(wire, sql)))
    if (failure !== undefined) {
      crash = failure
      throw new BackendCrash({ message: `PostgreSQL refused ${sql}: ${failure.message}`, cause: failure })
    }
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
    for (const [name, value] of session.settings) {
      exchange(extendedQuery(wire, "SELECT pg_catalog.set_config($1, $2, false)", [name, value]))
    }
  }

  const leave = (): void => {
    becomeSuperuser()
    endTransaction()
    must("SET SESSION AUTHORIZATION postgres")
    must("DISCARD ALL")
  }

  return {
    statement: (sql, parameters) => {
      const messages = exchange(extendedQuery(wire, sql, parameters))
      endTransaction()
      return messages
    },
    script: (sql) => {
      const messages = exchange(simpleQuery(wire, sql))
      endTransaction()
      return messages
    },
    runAs: (session, sql, copyIn) => {
      try {
        enter(session)
        return exchange(simpleQuery(wire, sql, copyIn))
      } finally {
        if (crash === undefined) leave()
      }
    }
  }
}
