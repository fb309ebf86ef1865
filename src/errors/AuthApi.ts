/** Why the Auth API refuses. */
import * as Data from "effect/Data"
import type { ReasonClass } from "./ReasonClass.ts"

const MasterKeyRequiredBase: ReasonClass<"MasterKeyRequired", { readonly keyType?: string | undefined }> =
  Data.TaggedError("MasterKeyRequired")
/** The key is valid, but only the master key may do this. `keyType` is the type of the key in use, where known. */
export class MasterKeyRequired extends MasterKeyRequiredBase {
  override get message(): string {
    return `only the master key may do this${this.keyType === undefined ? "" : `, and the key in use is ${this.keyType}`}`
  }
}

const ApiKeyNotFoundBase: ReasonClass<"ApiKeyNotFound", { readonly name: string }> = Data.TaggedError("ApiKeyNotFound")
/** The account has no key of that name, or the key in use may not see it (404). Names are case-sensitive. */
export class ApiKeyNotFound extends ApiKeyNotFoundBase {
  override get message(): string {
    return `no API key is named ${JSON.stringify(this.name)}, or the key in use may not see it`
  }
}

const ApiKeyNameTakenBase: ReasonClass<"ApiKeyNameTaken", { readonly name: string }> =
  Data.TaggedError("ApiKeyNameTaken")
/** Another key has that name (422). Keys cannot be edited: delete it first, or choose another name. */
export class ApiKeyNameTaken extends ApiKeyNameTakenBase {
  override get message(): string {
    return `an API key named ${JSON.stringify(this.name)} exists already, and keys cannot be edited`
  }
}

const ApiKeyQuotaReachedBase: ReasonClass<"ApiKeyQuotaReached", void> = Data.TaggedError("ApiKeyQuotaReached")
/** The account may hold no further regular keys (403). */
export class ApiKeyQuotaReached extends ApiKeyQuotaReachedBase {
  override get message(): string {
    return "the account's plan allows no further regular API keys"
  }
}

const ApiKeyProtectedBase: ReasonClass<
  "ApiKeyProtected",
  { readonly name: string; readonly action: "delete" | "regenerate" }
> = Data.TaggedError("ApiKeyProtected")
/** Master and default keys cannot be deleted (403), and the default key has no other token than its own. */
export class ApiKeyProtected extends ApiKeyProtectedBase {
  override get message(): string {
    return this.action === "delete"
      ? `${JSON.stringify(this.name)} is the account's own key and cannot be deleted`
      : `the token of ${JSON.stringify(this.name)} is the same for every account`
  }
}

/** One thing the server found wrong in a request for grants: where, as a path into `grants`, and its words. */
export interface GrantsViolation {
  readonly path: string
  readonly message: string
}
const InvalidGrantsBase: ReasonClass<"InvalidGrants", { readonly violations: ReadonlyArray<GrantsViolation> }> =
  Data.TaggedError("InvalidGrants")
/** The server does not accept the shape of the request (422). */
export class InvalidGrants extends InvalidGrantsBase {
  override get message(): string {
    return this.violations.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
  }
}

const GrantNotHeldBase: ReasonClass<
  "GrantNotHeld",
  {
    readonly kind: "table" | "schema"
    readonly lacking: ReadonlyArray<string>
    readonly remedy: string
  }
> = Data.TaggedError("GrantNotHeld")
/**
 * The account itself lacks what the key was to get: a table or schema that does not exist, or a permission on it (422).
 * The server does not say which; `lacking` names those that were found out by asking, or all that were asked for.
 */
export class GrantNotHeld extends GrantNotHeldBase {
  override get message(): string {
    return `the account cannot grant ${this.lacking.join(", ")}: ${this.remedy}`
  }
}

const GrantRefusedBase: ReasonClass<"GrantRefused", { readonly description: string }> = Data.TaggedError("GrantRefused")
/** PostgreSQL refused a statement while the key was made or deleted (422); no key was made. */
export class GrantRefused extends GrantRefusedBase {
  override get message(): string {
    return `the database refused a statement: ${this.description}`
  }
}

const RegenerateRefusedBase: ReasonClass<"RegenerateRefused", { readonly name: string }> =
  Data.TaggedError("RegenerateRefused")
/**
 * The key could not be saved with a new token (422): a table that it was created for was dropped, renamed or un-shared
 * since. Its old token goes on working.
 */
export class RegenerateRefused extends RegenerateRefusedBase {
  override get message(): string {
    return `a table of ${JSON.stringify(this.name)} is gone: create a key with the grants that are left, then delete this one`
  }
}

const AuthApiDisabledBase: ReasonClass<"AuthApiDisabled", void> = Data.TaggedError("AuthApiDisabled")
/** The Auth API is closed to this account (404 without a body): not in its plan, locked, or under maintenance. */
export class AuthApiDisabled extends AuthApiDisabledBase {
  override get message(): string {
    return "the Auth API is closed to this account"
  }
}

const AccountNotActivatedBase: ReasonClass<"AccountNotActivated", void> = Data.TaggedError("AccountNotActivated")
/** The account has not been activated yet (403 without a body). */
export class AccountNotActivated extends AccountNotActivatedBase {
  override get message(): string {
    return "the account has not been activated yet"
  }
}

const TargetUserForbiddenBase: ReasonClass<"TargetUserForbidden", { readonly targetUser: string }> =
  Data.TaggedError("TargetUserForbidden")
/** Only owners and admins of an organisation may act for another member (403). */
export class TargetUserForbidden extends TargetUserForbiddenBase {
  override get message(): string {
    return `only owners and admins of an organisation may act for ${JSON.stringify(this.targetUser)}`
  }
}

const TargetUserNotFoundBase: ReasonClass<
  "TargetUserNotFound",
  { readonly targetUser: string; readonly description: string }
> = Data.TaggedError("TargetUserNotFound")
/** The organisation has no such member (404). */
export class TargetUserNotFound extends TargetUserNotFoundBase {
  override get message(): string {
    return this.description
  }
}

const HiddenApiKeyBase: ReasonClass<"HiddenApiKey", void> = Data.TaggedError("HiddenApiKey")
/** The key in use is valid, but of a kind that the Auth API never shows (an OAuth token). */
export class HiddenApiKey extends HiddenApiKeyBase {
  override get message(): string {
    return "the key in use is valid, but of a kind that is never shown"
  }
}
