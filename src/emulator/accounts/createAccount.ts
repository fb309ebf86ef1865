/**
 * Creates accounts: their rows, their Master keys and their Default public keys. Databases are created on first use.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import type * as Schema from "effect/Schema"
import { type AccountLimits, problemOfLimits } from "./accountLimits.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import type { MetadataError, MetadataService } from "../state/metadata.ts"
import type { Rows } from "../state/rows.ts"
import type { Account, Organization, OrganizationRole } from "./account.ts"
import { type ApiKey, defaultName, defaultToken, masterName } from "./keys/apiKey.ts"
import { masterToken, rolePassword } from "./secrets.ts"
import { defaultApis, services } from "../../account/grantVocabulary.ts"

/** A regular key of a new account. */
export interface KeyOptions {
  /** The name of the key. */
  readonly name: string
  /**
   * The token of the key.
   *
   * @default 22 random characters
   */
  readonly token?: string | undefined
  /** The grants of the key, in the form that the Auth API accepts. */
  readonly grants: ReadonlyArray<Schema.Json>
}

/** Options of a new account. */
export interface AccountOptions extends AccountLimits {
  /** The username: at most 63 lowercase letters, digits and inner hyphens. */
  readonly username: string
  /**
   * The token of the Master key.
   *
   * @default 40 random hexadecimal digits
   */
  readonly masterKey?: string | undefined
  /** The organization of the account, created with its first member. An organization has one owner. */
  readonly organization?: { readonly name: string; readonly role: OrganizationRole } | undefined
  /**
   * The maximum number of regular keys.
   *
   * @default no limit
   */
  readonly keyQuota?: number | undefined
  /**
   * Whether the account may use API keys.
   *
   * @default the flag of the organization, or `true` for an account without an organization
   */
  readonly engineEnabled?: boolean | undefined
  /**
   * Whether the account is locked. The Auth API responds to every request for a locked account with status 404, and the
   * SQL API rejects the account's keys.
   *
   * @default false
   */
  readonly locked?: boolean | undefined
  /**
   * Whether the account's database gets the sample tables.
   *
   * @default false
   */
  readonly samples?: boolean | undefined
  /** SQL that creates and fills the account's tables. It runs once, as the account, before the keys are created. */
  readonly seed?: string | ReadonlyArray<string> | undefined
  /** The regular keys of the account. */
  readonly keys?: ReadonlyArray<KeyOptions> | undefined
}

const InvalidAccountBase: ErrorClass<"InvalidAccount", { readonly message: string }> =
  Data.TaggedError("InvalidAccount")
/** The options of a new account are invalid, or conflict with another account. */
export class InvalidAccount extends InvalidAccountBase {}

const hostLabel = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

const isHostLabel = (text: string): boolean => text.length <= 63 && hostLabel.test(text)

const problemOf = ({ accounts }: Rows, options: AccountOptions): string | undefined => {
  const { keyQuota, masterKey, organization, username } = options
  const form = "lower-case letters, digits and hyphens, with a letter or digit at both ends, at most 63"
  if (!isHostLabel(username)) return `a username is made of ${form}: ${JSON.stringify(username)} is not`
  if (organization !== undefined && !isHostLabel(organization.name)) {
    return `the name of an organization is made of ${form}: ${JSON.stringify(organization.name)} is not`
  }
  if (masterKey !== undefined && (!/^[A-Za-z0-9_-]+$/.test(masterKey) || masterKey === defaultToken)) {
    return `a master key is made of letters, digits, "_" and "-", and is not ${JSON.stringify(defaultToken)}`
  }
  const limitProblem = problemOfLimits(options)
  if (limitProblem !== undefined) return limitProblem
  const wrongKey = options.keys?.find(({ token }) => token !== undefined && !/^[A-Za-z0-9_-]+$/.test(token))
  if (wrongKey !== undefined) {
    return `a token is made of letters, digits, "_" and "-": that of ${JSON.stringify(wrongKey.name)} is not`
  }
  if (keyQuota !== undefined && (!Number.isInteger(keyQuota) || keyQuota < 0)) {
    return "a quota of keys is a whole number, 0 or more"
  }
  if (accounts.some((account) => account.username === username)) return `there is an account ${username} already`
  const hasOwner = accounts.some(
    (account) => account.organization?.name === organization?.name && account.organization?.role === "owner"
  )
  if (organization?.role === "owner" && hasOwner) return `the organization ${organization.name} has an owner already`
  return undefined
}

const makeAccount = (
  options: AccountOptions,
  id: string,
  organization: Organization | undefined,
  password: string
): Account => ({
  id,
  username: options.username,
  organization: options.organization,
  databaseName: organization?.databaseName ?? `cartodb_user_${id}_db`,
  schema: organization === undefined ? "public" : options.username,
  role: `cartodb_user_${id}`,
  rolePassword: password,
  publicRole: organization === undefined ? "publicuser" : `cartodb_publicuser_${id}`,
  publicRolePassword: "publicuser",
  engineEnabled: options.engineEnabled ?? (organization === undefined ? true : null),
  state: options.locked === true ? "locked" : "active",
  keyQuota: options.keyQuota ?? null
})

const makeKeys = (account: Account, token: string, now: number): ReadonlyArray<ApiKey> => {
  const common = { username: account.username, createdAt: now, updatedAt: now }
  const apis = { type: "apis", apis: [...defaultApis] }
  return [
    {
      ...common,
      name: masterName,
      type: "master",
      token,
      grants: [apis, { type: "dataservices", services: [...services] }],
      databaseRole: account.role,
      databasePassword: account.rolePassword
    },
    {
      ...common,
      name: defaultName,
      type: "default",
      token: defaultToken,
      grants: [apis],
      databaseRole: account.publicRole,
      databasePassword: account.publicRolePassword
    }
  ]
}

/** Adds an account. Fails with `InvalidAccount` if the options are invalid or the username is taken. */
export const createAccount: (
  metadata: MetadataService,
  options: AccountOptions
) => Effect.Effect<Account, InvalidAccount | MetadataError> = Effect.fnUntraced(function* (metadata, options) {
  const [id, organizationId] = yield* Effect.sync(() => [randomUUID(), randomUUID()] as const)
  const token = options.masterKey ?? (yield* masterToken)
  const password = yield* rolePassword
  const now = yield* Clock.currentTimeMillis
  return yield* metadata.modify((rows) => {
    const problem = problemOf(rows, options)
    if (problem !== undefined) return Effect.fail(new InvalidAccount({ message: problem }))
    const name = options.organization?.name
    const known = rows.organizations.find((organization) => organization.name === name)
    const added =
      known === undefined && name !== undefined
        ? [{ id: organizationId, name, databaseName: `cartodb_user_${id}_db`, engineEnabled: true }]
        : []
    const account = makeAccount(options, id, known ?? added[0], password)
    return Effect.succeed([
      account,
      {
        organizations: [...rows.organizations, ...added],
        accounts: [...rows.accounts, account],
        keys: [...rows.keys, ...makeKeys(account, token, now)]
      }
    ])
  })
})
