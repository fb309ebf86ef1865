/** The accounts of the embedded CARTO and the database of each. */
import * as Cache from "effect/Cache"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as ScopedCache from "effect/ScopedCache"
import * as Semaphore from "effect/Semaphore"
import { type ConnectionError, type Database, type DatabaseError, Databases } from "../database.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import { Metadata } from "../state/metadata.ts"
import type { Account, Organization } from "./account.ts"
import { provision } from "./provision.ts"
import { isEngineEnabled } from "../state/rows.ts"

const AccountNotFoundBase: ErrorClass<"AccountNotFound", { readonly username: string }> =
  Data.TaggedError("AccountNotFound")
/** No account has the username. */
export class AccountNotFound extends AccountNotFoundBase {}

/** The accounts of an emulator. */
export interface AccountsService {
  /** Finds an account in its present state. */
  readonly find: (username: string) => Account | undefined
  /** Finds an organization. */
  readonly findOrganization: (name: string) => Organization | undefined
  /** The members of an organization, in order of creation. */
  readonly members: (organization: string) => ReadonlyArray<Account>
  /** Whether the account may use API keys. The organization's flag applies if the account has no flag of its own. */
  readonly isEngineEnabled: (account: Account) => boolean
  /**
   * The database of an account, with the account's roles and schema in it. It is opened once, on first use, and closed
   * with the emulator.
   */
  readonly database: (username: string) => Effect.Effect<Database, AccountNotFound | ConnectionError | DatabaseError>
}

// A failure is not cached, so the next caller retries.
const keepSuccess = (exit: Exit.Exit<unknown, unknown>): Duration.Input =>
  Exit.isSuccess(exit) ? Duration.infinity : Duration.zero

const make: Effect.Effect<AccountsService, never, Databases | Metadata | Scope.Scope> = Effect.gen(function* () {
  const databases = yield* Databases
  const metadata = yield* Metadata
  const find = (username: string) => metadata.rows().accounts.find((account) => account.username === username)

  const opened = yield* ScopedCache.makeWith({
    capacity: Number.POSITIVE_INFINITY,
    lookup: (name: string) => databases.open(name),
    timeToLive: keepSuccess
  })
  // Members of an organization share a role, which the first member creates.
  const provisioning = yield* Semaphore.make(1)
  const provisioned = yield* Cache.makeWith(
    Effect.fnUntraced(function* (username: string) {
      const account = find(username)
      if (account === undefined) return yield* new AccountNotFound({ username })
      const database = yield* ScopedCache.get(opened, account.databaseName)
      const keys = metadata.rows().keys.filter((key) => key.username === username)
      yield* provision(database, account, keys).pipe(provisioning.withPermit)
      return database
    }),
    { capacity: Number.POSITIVE_INFINITY, timeToLive: keepSuccess }
  )
  return {
    find,
    findOrganization: (name) => metadata.rows().organizations.find((organization) => organization.name === name),
    members: (name) => metadata.rows().accounts.filter(({ organization }) => organization?.name === name),
    isEngineEnabled: (account) => isEngineEnabled(metadata.rows(), account),
    // Several fibers may wait for one lookup, so no fiber may interrupt it.
    database: (username) => Effect.uninterruptible(Cache.get(provisioned, username))
  }
})

const AccountsBase: Context.ServiceClass<Accounts, "effect-carto/emulator/Accounts", AccountsService> = Context.Service<
  Accounts,
  AccountsService
>()("effect-carto/emulator/Accounts")
/** The service of the accounts. */
export class Accounts extends AccountsBase {
  /** The layer of the accounts. */
  static readonly layer: Layer.Layer<Accounts, never, Databases | Metadata> = Layer.effect(Accounts, make)
}
