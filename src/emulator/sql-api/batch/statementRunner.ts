/** Runs the statements of batch jobs in the database of an account, under the role of the account's master key. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Accounts } from "../../accounts/accounts.ts"
import { KeyStore } from "../../state/keyStore.ts"
import * as Authentication from "../authentication.ts"
import { Preparation } from "../query/preparation.ts"

/** The outcome of a statement. */
export type StatementOutcome =
  /** `failure` is PostgreSQL's message. */
  { readonly _tag: "Ran"; readonly failure: string | undefined } | { readonly _tag: "NotConnected" }

/** The service that runs the statements of batch jobs. */
export interface StatementRunnerService {
  /** Maximum number of waiting jobs of an account, if the account has its own limit. */
  readonly waitingJobs: (user: string) => number | undefined
  /** Runs a statement. `timeout` is in milliseconds; the smaller of it and the account's timeout applies. */
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
/** Service tag of the statement runner. */
export class StatementRunner extends StatementRunnerBase {
  /** Layer of the statement runner. */
  static readonly layer: Layer.Layer<StatementRunner, never, Accounts | KeyStore | Preparation> = Layer.effect(
    StatementRunner,
    make
  )
}
