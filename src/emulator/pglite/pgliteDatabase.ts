/** The emulator's database on PGlite: one backend, one caller at a time, and a new backend after a crash. */
import * as Cache from "effect/Cache"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { ConnectionError, type Database, type Message, type Run } from "../database.ts"
import { lastRows, refuseFailure } from "../shared/results.ts"
import type { Session } from "./backend/backend.ts"
import type { Disk } from "./files/disk.ts"
import type { Request } from "./thread/host.ts"
import type { Answer, BackendCrash, Instance } from "./instance.ts"
import * as Login from "./login.ts"
import * as Scram from "./scram.ts"

const gone = (crash: BackendCrash): ConnectionError => new ConnectionError({ message: crash.message })

const failed = ({ message, messages, report }: BackendCrash): Effect.Effect<ReadonlyArray<Message>, ConnectionError> =>
  report === undefined
    ? Effect.fail(new ConnectionError({ message }))
    : Effect.succeed([...messages, { _tag: "Failure", report }])

/** Options of a database on PGlite. */
export interface Options {
  readonly name: string
  readonly postgis: boolean
  /** Starts PostgreSQL from the remains of a crashed instance, if there are any. */
  readonly start: (remains: Disk | undefined) => Effect.Effect<Instance, ConnectionError>
}

/** Opens the database. The database is closed with the scope. */
export const make: (options: Options) => Effect.Effect<Database, ConnectionError, Scope.Scope> = Effect.fnUntraced(
  function* ({ name, postgis, start }) {
    const mutex = yield* Semaphore.make(1)
    const state: { instance: Instance } = yield* Effect.acquireRelease(
      Effect.map(start(undefined), (instance) => ({ instance })),
      // A crashed instance must not write its memory to disk.
      ({ instance }) => (instance.isGone() ? Effect.void : instance.close)
    )

    // Committed data is recovered from the files, as PostgreSQL does after a crash.
    const recover = Effect.gen(function* () {
      state.instance = yield* start(state.instance.remains())
    }).pipe(Effect.uninterruptible)

    const ask = (request: Request, limit?: number): Effect.Effect<Answer, BackendCrash | ConnectionError> =>
      Effect.gen(function* () {
        if (state.instance.isGone()) yield* recover
        return yield* state.instance.ask(request, limit)
      })

    // Deriving SCRAM's key takes milliseconds, and a key's password never changes.
    const passwords = yield* Cache.make({
      capacity: 256,
      lookup: (key: string) => {
        const separator = key.indexOf("\n")
        return Scram.verify(key.slice(separator + 1), key.slice(0, separator))
      }
    })

    /** Returns the session of a login, and the timeout of its text in milliseconds if it has one. */
    const login = Effect.fnUntraced(function* ({
      login: { role, password },
      statementTimeout
    }: Run): Effect.fn.Return<readonly [Session, number | undefined], BackendCrash | ConnectionError> {
      const found = Login.read(role, (yield* ask(Login.ask(role))).messages)
      if (found === undefined) return yield* new ConnectionError({ message: `role "${role}" does not exist` })
      if (!found.canLogin) return yield* new ConnectionError({ message: `role "${role}" is not permitted to log in` })
      const accepted =
        found.verifier !== undefined &&
        !found.expired &&
        !found.superuser &&
        (yield* Cache.get(passwords, `${found.verifier}\n${password}`))
      if (!accepted) return yield* new ConnectionError({ message: `password authentication failed for user "${role}"` })
      if (statementTimeout === undefined) return [found.session, found.statementTimeout || undefined]
      const timeout = Math.max(0, Math.ceil(statementTimeout))
      const settings = [...found.session.settings, ["statement_timeout", String(timeout)] as const]
      return [{ ...found.session, settings }, timeout || undefined]
    })

    return {
      name,
      postgis,
      superuser: (sql, parameters = []) =>
        ask({ _tag: "Statement", sql, parameters }).pipe(
          mutex.withPermit,
          Effect.catchTag("BackendCrash", (crash) => Effect.fail(gone(crash))),
          Effect.tap(({ messages }) => refuseFailure(messages, sql)),
          Effect.map(({ messages }) => lastRows(messages))
        ),
      superuserTransaction: (statements) => {
        const sql = ["BEGIN", ...statements, "COMMIT"].join(";\n")
        return ask({ _tag: "Script", sql }).pipe(
          mutex.withPermit,
          Effect.catchTag("BackendCrash", (crash) => Effect.fail(gone(crash))),
          Effect.flatMap(({ messages }) => refuseFailure(messages, sql))
        )
      },
      run: (run) =>
        login(run).pipe(
          Effect.flatMap(([session, limit]) =>
            ask(
              { _tag: "Run", session, sql: run.sql, copyIn: run.copyIn, mayAlterRoles: run.mayAlterRoles ?? false },
              limit
            )
          ),
          mutex.withPermit,
          // The next caller does not wait for the sleep of this caller.
          Effect.tap(({ slept }) => (slept > 0 ? Effect.sleep(slept) : Effect.void)),
          Effect.map(({ messages }) => messages),
          Effect.catchTag("BackendCrash", failed),
          Effect.map((messages) => Stream.fromIterable(messages)),
          Stream.unwrap
        )
    }
  }
)
