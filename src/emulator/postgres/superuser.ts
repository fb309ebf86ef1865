/** The emulator's own statements, run over one connection of the server's superuser. */
import * as Effect from "effect/Effect"
import * as Pool from "effect/Pool"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ConnectionError, Database, DatabaseError, Message } from "../database.ts"
import { failureOf, lastRows, refuseFailure } from "../shared/results.ts"
import type { Driver } from "./driver.ts"
import type { Server } from "./server.ts"
import * as Session from "./session.ts"

/** Runs statements as the server's superuser. */
export type Superuser = Pick<Database, "superuser" | "superuserTransaction">

// A key may hold locks while its statement runs. Statements that need these locks wait no longer than this.
const settings = [
  ["search_path", "pg_catalog,pg_temp"],
  ["standard_conforming_strings", "on"],
  ["statement_timeout", "0"],
  ["lock_timeout", "30s"]
] as const

// Roles belong to the whole server, where another emulator may be changing the same role.
const isClash = ({ code, message }: DatabaseError): boolean =>
  code === "40P01" || (code === "XX000" && message.startsWith("tuple concurrently"))

const clashes = Schedule.recurs(5)

/** Connects when first needed, and again after the connection is lost. Statements run one at a time. */
export const make: (options: {
  readonly driver: Driver
  readonly server: Server
  readonly database: string
  readonly applicationName: string
}) => Effect.Effect<Superuser, never, Scope.Scope> = Effect.fnUntraced(function* (options) {
  const { server } = options
  const pool = yield* Pool.makeWithTTL({
    acquire: Session.open({ ...options, user: server.user, password: server.password, settings }),
    min: 0,
    max: 1,
    timeToLive: "1 hour"
  })

  const withSession = (
    use: (session: Session.Session) => Effect.Effect<ReadonlyArray<Message>, ConnectionError>
  ): Effect.Effect<ReadonlyArray<Message>, ConnectionError> =>
    Effect.scoped(
      Effect.gen(function* () {
        const session = yield* Pool.get(pool)
        // The server may have been restarted since the last statement.
        if (!session.isOpen()) {
          yield* Pool.invalidate(pool, session)
          return undefined
        }
        return yield* Effect.tapError(use(session), () => Pool.invalidate(pool, session))
      })
    ).pipe(
      Effect.flatMap((messages) => (messages === undefined ? withSession(use) : Effect.succeed(messages))),
      Effect.uninterruptible
    )

  const retryClashes = <A>(
    effect: Effect.Effect<A, ConnectionError | DatabaseError>
  ): Effect.Effect<A, ConnectionError | DatabaseError> =>
    Effect.retry(effect, { while: (error) => error._tag === "DatabaseError" && isClash(error), schedule: clashes })

  return {
    superuser: (sql, parameters = []) =>
      withSession((session) => Stream.runCollect(session.statement(sql, parameters))).pipe(
        Effect.tap((messages) => refuseFailure(messages, sql)),
        Effect.map(lastRows)
      ),
    superuserTransaction: (statements) => {
      const sql = ["BEGIN", ...statements, "COMMIT"].join(";\n")
      return withSession((session) =>
        Effect.tap(Stream.runCollect(session.text(sql)), (messages) =>
          failureOf(messages) === undefined ? Effect.void : Stream.runDrain(session.text("ROLLBACK"))
        )
      ).pipe(
        Effect.flatMap((messages) => refuseFailure(messages, sql)),
        retryClashes
      )
    }
  }
})
