/** The accounts of the embedded CARTO and the database of each. */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ConnectionError, Database, DatabaseError } from "../Database.ts"
import type { Account, Organization } from "./Account.ts"

const AccountNotFoundBase: new (fields: {
  readonly username: string
}) => Cause.YieldableError & { readonly _tag: "AccountNotFound"; readonly username: string } =
  Data.TaggedError("AccountNotFound")
/** There is no account of that name. */
export class AccountNotFound extends AccountNotFoundBase {}

export interface AccountsService {
  /** The account of that username, as it is now. */
  readonly find: (username: string) => Account | undefined
  readonly findOrganization: (name: string) => Organization | undefined
  /** The members of an organisation, in order of creation. */
  readonly members: (organization: string) => ReadonlyArray<Account>
  /** Whether the account may use API keys: its own flag, or else the organisation's. */
  readonly isEngineEnabled: (account: Account) => boolean
  /**
   * The database of an account, with the account's roles and schema in it. It is opened on first need, once however
   * many ask, and closed with the emulator.
   */
  readonly database: (username: string) => Effect.Effect<Database, AccountNotFound | ConnectionError | DatabaseError>
}

const AccountsBase: Context.ServiceClass<Accounts, "effect-carto/emulator/Accounts", AccountsService> = Context.Service<
  Accounts,
  AccountsService
>()("effect-carto/emulator/Accounts")
export class Accounts extends AccountsBase {}
