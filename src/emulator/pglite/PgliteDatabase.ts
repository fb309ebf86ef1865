/** The emulator's database on one PGlite instance: one backend, one caller at a time. */
import * as Cache from "effect/Cache"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { type Column, ConnectionError, type Database, DatabaseError, type Message, type Run } from "../Database.ts"
import { type Backend, BackendCrash, failureOf, type Session } from "./Backend.ts"
import { readRole } from "./login.ts"
import * as Scram from "./scram.ts"

type Rows = ReadonlyArray<Readonly<Record<string, string | null>>>

const toRows = (messages: ReadonlyArray<Message>): Rows => {
  let columns: ReadonlyArray<Column> = []
  const rows: Array<Record<string, string | null>> = []
  for (const message of messages) {
    if (message._tag === "Columns") columns = message.columns
    if (message._tag === "Row") {
      rows.push(Object.fromEntries(columns.map(({ name }, index) => [name, message.values[index] ?? null])))
    }
  }
  return rows
}

const crashed = (crash: BackendCrash): ConnectionError => new ConnectionError({ message: crash.message })

const attempt = <A>(run: () => A): Effect.Effect<A, ConnectionError> =>
  Effect.try({
    try: run,
    catch: (error) => (error instanceof BackendCrash ? crashed(error) : new ConnectionError({ message: String(error) }))
  })

const refuse = (messages: ReadonlyArray<Message>, statement: string): Effect.Effect<void, DatabaseError> => {
  const failure = failureOf(messages)
  return failure === undefined ? Effect.void : Effect.fail(new DatabaseError({ ...failure, statement }))
}

/** Makes the database that a backend serves. The backend must not be used by anybody else. */
export const make: (options: {
  readonly name: string
  readonly backend: Backend
  readonly postgis: boolean
}) => Effect.Effect<Database> = Effect.fnUntraced(function* (options) {
  const { backend } = options
  const mutex = yield* Semaphore.make(1)
  // Deriving SCRAM's key costs milliseconds, and a key's password never changes.
  const passwords = yield* Cache.make({
    capacity: 256,
    lookup: (key: string) => {
      const separator = key.indexOf("\n")
      return Scram.verify(key.slice(separator + 1), key.slice(0, separator))
    }
  })

  const login = Effect.fnUntraced(function* ({
    login: { role, password },
    statementTimeout
  }: Run): Effect.fn.Return<Session, ConnectionError> {
    const found = yield* attempt(() => readRole(backend, role))
    if (found === undefined) return yield* new ConnectionError({ message: `role "${role}" does not exist` })
    if (!found.canLogin) return yield* new ConnectionError({ message: `role "${role}" is not permitted to log in` })
    const accepted =
      found.verifier !== undefined &&
      !found.expired &&
      !found.superuser &&
      (yield* Cache.get(passwords, `${found.verifier}\n${password}`))
    if (!accepted) return yield* new ConnectionError({ message: `password authentication failed for user "${role}"` })
    return statementTimeout === undefined
      ? found.session
      : {
          ...found.session,
          settings: [...found.session.settings, ["statement_timeout", String(Math.max(0, Math.ceil(statementTimeout)))]]
        }
  })

  return {
    name: options.name,
    postgis: options.postgis,
    superuser: (sql, parameters) =>
      attempt(() => backend.statement(sql, parameters ?? [])).pipe(
        mutex.withPermit,
        Effect.tap((messages) => refuse(messages, sql)),
        Effect.map(toRows)
      ),
    superuserTransaction: (statements) => {
      const sql = ["BEGIN", ...statements, "COMMIT"].join(";\n")
      return attempt(() => backend.script(sql)).pipe(
        mutex.withPermit,
        Effect.flatMap((messages) => refuse(messages, sql))
      )
    },
    run: (run) =>
      login(run).pipe(
        Effect.flatMap((session) => attempt(() => backend.runAs(session, run.sql, run.copyIn))),
        mutex.withPermit,
        Effect.map((messages) => Stream.fromIterable(messages)),
        Stream.unwrap
      )
  }
})
