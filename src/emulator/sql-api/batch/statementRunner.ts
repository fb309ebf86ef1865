/** Runs the statements of batch jobs in the database of an account, under the role of its master key. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Accounts } from "../../accounts/accounts.ts"
import { KeyStore } from "../../state/keyStore.ts"
import * as Authentication from "../authentication.ts"
import { Preparation } from "../query/preparation.ts"

export type StatementOutcome =
  /** `failure` is PostgreSQL's message. */
  { readonly _tag: "Ran"; readonly failure: string | undefined } | { readonly _tag: "NotConnected" }

export interface StatementRunnerService {
  /** How many jobs of an account may wait, if it has a limit of its own. */
  readonly waitingJobs: (user: string) => number | undefined
  /** `timeout` is milliseconds; a smaller one than the account's wins. */
  readonly run: (user: string, sql: string, timeout: number | undefined) => Effect.Effect<StatementOutcome>
}

const twelveHours = 12 * 60 * 60 * 1000

const notConnected: StatementOutcome = { _tag: "NotConnected" }

const make: Effect.Effect<StatementRunnerService, never, Accounts | KeyStore | Preparation> = Effect.gen(function* () {
  const accounts = yield* Accounts
  const keyStore = yield* KeyStore
  const preparation = yield* Preparation
  const run = Effect.fnUntraced(function* (user: string, sql: string, timeout: number | undefined) {
    const login = yield* Authentication.masterLogin(keyStore, yield* Authentication.account(keyStore, user))
    const database = yield* accounts.database(user)
    yield* preparation.prepare(database, sql)
    const limit = Number(keyStore.get(`limits:batch:${user}`)?.["timeout"] ?? 0) || twelveHours
    const statementTimeout = Math.min(limit, timeout ?? limit)
    const messages = yield* Stream.runCollect(database.run({ login, sql, statementTimeout }))
    const failure = messages.find(({ _tag }) => _tag === "Failure")
    return { _tag: "Ran", failure: failure?._tag === "Failure" ? failure.report.message : undefined } as const
  })
  return {
    waitingJobs: (user) => {
      const limit = keyStore.get(`limits:batch:${user}`)?.["waiting"]
      return limit === undefined ? undefined : Number(limit)
    },
    run: (user, sql, timeout) =>
      run(user, sql, timeout).pipe(
        Effect.catchTag("DatabaseError", (error) => Effect.die(error)),
        Effect.orElseSucceed(() => notConnected)
      )
  }
})

const StatementRunnerBase: Context.ServiceClass<
  StatementRunner,
  "effect-carto/emulator/sql-api/StatementRunner",
  StatementRunnerService
> = Context.Service<StatementRunner, StatementRunnerService>()("effect-carto/emulator/sql-api/StatementRunner")
export class StatementRunner extends StatementRunnerBase {
  static readonly layer: Layer.Layer<StatementRunner, never, Accounts | KeyStore | Preparation> = Layer.effect(
    StatementRunner,
    make
  )
}
