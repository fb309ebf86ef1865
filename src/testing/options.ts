/** What a test can ask for. */
import type { AccountOptions, EmulatorOptions } from "../emulator/index.ts"
import type { AuthOptions } from "../account/Auth.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import type { Statement } from "../sql/Statement.ts"

/** The options of a server. */
export interface ServerOptions extends Omit<EmulatorOptions, "accounts" | "folder"> {
  /** Whether databases have PostGIS. The first test then waits longer. @default false */
  readonly postgis?: boolean | "if-installed" | undefined
}

/** The options of an account: those of the embedded CARTO, and what is in the account. */
export interface TestAccountOptions<Keys extends string = never> extends Partial<
  Omit<AccountOptions, "keys" | "organization" | "seed" | "username">
> {
  /** Whether the account has the sample tables `tornadoes` and `storm_reports`. @default false */
  readonly samples?: boolean | undefined
  /** Statements that run as the account itself, in this order: its tables and their rows. */
  readonly seed?: Statement | ReadonlyArray<Statement> | undefined
  /** Regular keys by their names. They are created after the tables. */
  readonly keys?: Readonly<Record<Keys, GrantsRequest>> | undefined
  /**
   * The name of the account. Two accounts of a server cannot have the same one, so give it in one test only.
   * @default a name that no other account of the server has
   */
  readonly username?: string | undefined
  /**
   * Whether the account has its own database, in which its schema is `public`. That takes 0.3 s and 110 MB. Otherwise it is the
   * member of an organization, whose members share a database and see nothing of each other. @default false
   */
  readonly ownDatabase?: boolean | undefined
  /** The retries of `layer` and `client`. By default a fault fails the call at once. @default false */
  readonly retry?: AuthOptions["retry"]
}

/** The options of an organization: those of its accounts, the owner and the members. */
export interface TestOrganizationOptions<Members extends string> {
  /** The account that administers the organization. */
  readonly owner?: TestAccountOptions<string> | undefined
  /** The members, by names of the test's own. */
  readonly members: Readonly<Record<Members, TestAccountOptions<string>>>
}
