/** Why the Auth API refuses a request. */
import { quote } from "./internal/printable.ts"
import { reasonClass, type ReasonClass } from "./internal/reasonClass.ts"

const MasterKeyRequiredBase: ReasonClass<
  "MasterKeyRequired",
  {
    /** The type of the key in use, if the server reports it. */
    readonly keyType?: string | undefined
  }
> = reasonClass(
  "MasterKeyRequired",
  ({ keyType }) =>
    `only the master key may do this${keyType === undefined ? "" : `, and the key in use is of type ${keyType}`}: run it under the master key`
)
/** Only the master key may do this. The key in use is valid. */
export class MasterKeyRequired extends MasterKeyRequiredBase {}

const ApiKeyNotFoundBase: ReasonClass<
  "ApiKeyNotFound",
  {
    /** The name that was asked for. */
    readonly name: string
  }
> = reasonClass(
  "ApiKeyNotFound",
  ({ name }) =>
    `no API key is named ${quote(name)}, or the key in use may not see it: names are case-sensitive, and only the master key sees other keys`
)
/** The account has no key of that name, or the key in use may not see it (404). Names are case-sensitive. */
export class ApiKeyNotFound extends ApiKeyNotFoundBase {}

const ApiKeyNameTakenBase: ReasonClass<
  "ApiKeyNameTaken",
  {
    /** The name that was asked for. */
    readonly name: string
  }
> = reasonClass(
  "ApiKeyNameTaken",
  ({ name }) =>
    `an API key named ${quote(name)} already exists, and keys cannot be edited: delete it first, or choose another name`
)
/** Another key has that name (422). Keys cannot be edited: delete the key first, or choose another name. */
export class ApiKeyNameTaken extends ApiKeyNameTakenBase {}

const ApiKeyQuotaReachedBase: ReasonClass<"ApiKeyQuotaReached", void> = reasonClass(
  "ApiKeyQuotaReached",
  () => "the account's plan allows no more regular API keys: delete keys that are not used"
)
/** The account may have no more regular keys (403). */
export class ApiKeyQuotaReached extends ApiKeyQuotaReachedBase {}

const ApiKeyProtectedBase: ReasonClass<
  "ApiKeyProtected",
  {
    /** The name of the key. */
    readonly name: string
    /** The action that the key does not allow. */
    readonly action: "delete" | "regenerate"
  }
> = reasonClass("ApiKeyProtected", ({ action, name }) =>
  action === "delete"
    ? `${quote(name)} is a key of the account itself and cannot be deleted: only regular keys can`
    : `the token of ${quote(name)} is the same for every account and cannot be regenerated`
)
/** Master and default keys cannot be deleted (403), and the token of the default key cannot be regenerated. */
export class ApiKeyProtected extends ApiKeyProtectedBase {}

/** One fault that the server found in a request for grants. */
export interface GrantsViolation {
  /** The path into `grants`. */
  readonly path: string
  /** The server's message. */
  readonly message: string
}
const InvalidGrantsBase: ReasonClass<
  "InvalidGrants",
  {
    /** The faults that the server found. */
    readonly violations: ReadonlyArray<GrantsViolation>
  }
> = reasonClass(
  "InvalidGrants",
  ({ violations }) =>
    `the server does not accept the grants; correct them: ${violations.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`)).join("; ")}`
)
/** The server does not accept the shape of the grants (422). */
export class InvalidGrants extends InvalidGrantsBase {}

const GrantNotHeldBase: ReasonClass<
  "GrantNotHeld",
  {
    /** Whether tables or schemas were refused. */
    readonly kind: "table" | "schema"
    /** The grants that the account lacks, or all that were asked for if the client cannot find out. */
    readonly lacking: ReadonlyArray<string>
    /** What to do. */
    readonly remedy: string
  }
> = reasonClass("GrantNotHeld", ({ lacking, remedy }) => `the account cannot grant ${lacking.join(", ")}: ${remedy}`)
/**
 * The account itself lacks what the key should get (422): the table or schema does not exist, or the account has no permission on it.
 */
export class GrantNotHeld extends GrantNotHeldBase {}

const GrantRefusedBase: ReasonClass<
  "GrantRefused",
  {
    /** PostgreSQL's message. */
    readonly description: string
  }
> = reasonClass(
  "GrantRefused",
  ({ description }) =>
    `PostgreSQL refused a statement that creates or deletes the key, and nothing was changed: ${description}`
)
/** PostgreSQL refused a statement while a key was created or deleted (422). Nothing was changed. */
export class GrantRefused extends GrantRefusedBase {}

const RegenerateRefusedBase: ReasonClass<
  "RegenerateRefused",
  {
    /** The name of the key. */
    readonly name: string
  }
> = reasonClass(
  "RegenerateRefused",
  ({ name }) =>
    `${quote(name)} keeps its token, since a table that it was created for is gone: create a key with the grants that are left, then delete this one`
)
/** The key could not be saved with a new token (422): a table that it was created for was dropped, renamed or unshared. */
export class RegenerateRefused extends RegenerateRefusedBase {}

const AuthApiDisabledBase: ReasonClass<"AuthApiDisabled", void> = reasonClass(
  "AuthApiDisabled",
  () =>
    "the Auth API is closed to this account: its plan lacks the API, or the account is locked or under maintenance. Ask the operator of the server"
)
/** The Auth API is closed to this account (404 without a body): not in its plan, locked, or under maintenance. */
export class AuthApiDisabled extends AuthApiDisabledBase {}

const AccountNotActivatedBase: ReasonClass<"AccountNotActivated", void> = reasonClass(
  "AccountNotActivated",
  () => "the account has not been activated: follow the link in its activation email"
)
/** The account has not been activated (403 without a body). */
export class AccountNotActivated extends AccountNotActivatedBase {}

const TargetUserForbiddenBase: ReasonClass<
  "TargetUserForbidden",
  {
    /** The member of the organization that was asked for. */
    readonly targetUser: string
  }
> = reasonClass(
  "TargetUserForbidden",
  ({ targetUser }) =>
    `only owners and admins of an organization may act for ${quote(targetUser)}: use the master key of one of them`
)
/** Only owners and admins of an organization may act for another member (403). */
export class TargetUserForbidden extends TargetUserForbiddenBase {}

const TargetUserNotFoundBase: ReasonClass<
  "TargetUserNotFound",
  {
    /** The member of the organization that was asked for. */
    readonly targetUser: string
    /** The server's message. */
    readonly description: string
  }
> = reasonClass(
  "TargetUserNotFound",
  ({ description, targetUser }) => `check targetUser, which is ${quote(targetUser)}: ${description}`
)
/** The organization has no such member (404). */
export class TargetUserNotFound extends TargetUserNotFoundBase {}

const HiddenApiKeyBase: ReasonClass<"HiddenApiKey", void> = reasonClass(
  "HiddenApiKey",
  () => "the key in use is valid, but the Auth API shows no keys of its type: use an API key of the account"
)
/** The key in use is valid, but of a type that the Auth API never shows (an OAuth token). */
export class HiddenApiKey extends HiddenApiKeyBase {}
