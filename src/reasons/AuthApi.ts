/** Why the Auth API refuses. */
import * as Schema from "effect/Schema"
import type { ReasonClass } from "./ReasonClass.ts"

const MasterKeyRequiredBase: ReasonClass<
  MasterKeyRequired,
  "MasterKeyRequired",
  { readonly keyType: Schema.optional<Schema.String> }
> = Schema.TaggedError<MasterKeyRequired>()("MasterKeyRequired", { keyType: Schema.optional(Schema.String) })
/** The key is valid, but only the master key may do this. `keyType` is the type of the key in use, where known. */
export class MasterKeyRequired extends MasterKeyRequiredBase {
  override get message(): string {
    return `only the master key may do this${this.keyType === undefined ? "" : `, and the key in use is ${this.keyType}`}`
  }
}

const ApiKeyNotFoundBase: ReasonClass<ApiKeyNotFound, "ApiKeyNotFound", { readonly name: Schema.String }> =
  Schema.TaggedError<ApiKeyNotFound>()("ApiKeyNotFound", { name: Schema.String })
/** The account has no key of that name, or the key in use may not see it (404). Names are case-sensitive. */
export class ApiKeyNotFound extends ApiKeyNotFoundBase {
  override get message(): string {
    return `no API key is named ${JSON.stringify(this.name)}, or the key in use may not see it`
  }
}

const ApiKeyNameTakenBase: ReasonClass<ApiKeyNameTaken, "ApiKeyNameTaken", { readonly name: Schema.String }> =
  Schema.TaggedError<ApiKeyNameTaken>()("ApiKeyNameTaken", { name: Schema.String })
/** Another key has that name (422). Keys cannot be edited: delete it first, or choose another name. */
export class ApiKeyNameTaken extends ApiKeyNameTakenBase {
  override get message(): string {
    return `an API key named ${JSON.stringify(this.name)} exists already; keys cannot be edited, so delete it or choose another name`
  }
}

const ApiKeyQuotaReachedBase: ReasonClass<ApiKeyQuotaReached, "ApiKeyQuotaReached", {}> =
  Schema.TaggedError<ApiKeyQuotaReached>()("ApiKeyQuotaReached", {})
/** The account may hold no further regular keys (403). */
export class ApiKeyQuotaReached extends ApiKeyQuotaReachedBase {
  override get message(): string {
    return "the account's plan allows no further regular API keys; delete one that is not used"
  }
}

const ApiKeyProtectedBase: ReasonClass<
  ApiKeyProtected,
  "ApiKeyProtected",
  { readonly name: Schema.String; readonly action: Schema.Literals<readonly ["delete", "regenerate"]> }
> = Schema.TaggedError<ApiKeyProtected>()("ApiKeyProtected", {
  name: Schema.String,
  action: Schema.Literals(["delete", "regenerate"])
})
/** Master and default keys cannot be deleted (403), and the default key has no other token than its own. */
export class ApiKeyProtected extends ApiKeyProtectedBase {
  override get message(): string {
    return this.action === "delete"
      ? `${JSON.stringify(this.name)} is the account's master or default key, which cannot be deleted`
      : `the token of ${JSON.stringify(this.name)} is the same for every account and cannot be regenerated`
  }
}

/** One thing the server found wrong in a request for grants: where, as a path into `grants`, and its words. */
export interface GrantsViolation {
  readonly path: string
  readonly message: string
}
const GrantsViolation: Schema.Struct<{ readonly path: Schema.String; readonly message: Schema.String }> = Schema.Struct(
  {
    path: Schema.String,
    message: Schema.String
  }
)

const InvalidGrantsBase: ReasonClass<
  InvalidGrants,
  "InvalidGrants",
  { readonly violations: Schema.$Array<typeof GrantsViolation> }
> = Schema.TaggedError<InvalidGrants>()("InvalidGrants", { violations: Schema.Array(GrantsViolation) })
/** The server does not accept the shape of the request (422). */
export class InvalidGrants extends InvalidGrantsBase {
  override get message(): string {
    return this.violations.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
  }
}

const GrantNotHeldBase: ReasonClass<
  GrantNotHeld,
  "GrantNotHeld",
  {
    readonly kind: Schema.Literals<readonly ["table", "schema"]>
    readonly lacking: Schema.$Array<Schema.String>
    readonly remedy: Schema.String
  }
> = Schema.TaggedError<GrantNotHeld>()("GrantNotHeld", {
  kind: Schema.Literals(["table", "schema"]),
  lacking: Schema.Array(Schema.String),
  remedy: Schema.String
})
/**
 * The account itself lacks what the key was to get: a table or schema that does not exist, or a permission on it (422).
 * The server does not say which; `lacking` names those that were found out by asking, or all that were asked for.
 */
export class GrantNotHeld extends GrantNotHeldBase {
  override get message(): string {
    return `the account cannot grant ${this.lacking.join(", ")}: ${this.remedy}`
  }
}

const GrantRefusedBase: ReasonClass<GrantRefused, "GrantRefused", { readonly description: Schema.String }> =
  Schema.TaggedError<GrantRefused>()("GrantRefused", { description: Schema.String })
/** PostgreSQL refused a statement while the key was made or deleted (422); no key was made. */
export class GrantRefused extends GrantRefusedBase {
  override get message(): string {
    return `the database refused a statement (${this.description}); an index named as a table, or a schema that is not a CARTO one, leads here`
  }
}

const RegenerateRefusedBase: ReasonClass<RegenerateRefused, "RegenerateRefused", { readonly name: Schema.String }> =
  Schema.TaggedError<RegenerateRefused>()("RegenerateRefused", { name: Schema.String })
/**
 * The key could not be saved with a new token (422): a table that it was created for was dropped, renamed or un-shared
 * since. Its old token goes on working.
 */
export class RegenerateRefused extends RegenerateRefusedBase {
  override get message(): string {
    return (
      `${JSON.stringify(this.name)} cannot get a new token, since a table named in its grants is gone; ` +
      "create a key with the grants that are left, then delete this one"
    )
  }
}

const EngineDisabledBase: ReasonClass<EngineDisabled, "EngineDisabled", {}> = Schema.TaggedError<EngineDisabled>()(
  "EngineDisabled",
  {}
)
/** The Auth API is closed to this account (404 without a body): not in its plan, locked, or under maintenance. */
export class EngineDisabled extends EngineDisabledBase {
  override get message(): string {
    return "the Auth API is closed to this account: not in its plan, locked, or under maintenance"
  }
}

const AccountNotActivatedBase: ReasonClass<AccountNotActivated, "AccountNotActivated", {}> =
  Schema.TaggedError<AccountNotActivated>()("AccountNotActivated", {})
/** The account has not been activated yet (403 without a body). */
export class AccountNotActivated extends AccountNotActivatedBase {
  override get message(): string {
    return "the account has not been activated yet"
  }
}

const TargetUserForbiddenBase: ReasonClass<
  TargetUserForbidden,
  "TargetUserForbidden",
  { readonly targetUser: Schema.String }
> = Schema.TaggedError<TargetUserForbidden>()("TargetUserForbidden", { targetUser: Schema.String })
/** Only owners and admins of an organisation may act for another member (403). */
export class TargetUserForbidden extends TargetUserForbiddenBase {
  override get message(): string {
    return `only owners and admins of an organisation may act for ${JSON.stringify(this.targetUser)}`
  }
}

const TargetUserNotFoundBase: ReasonClass<
  TargetUserNotFound,
  "TargetUserNotFound",
  { readonly targetUser: Schema.String; readonly description: Schema.String }
> = Schema.TaggedError<TargetUserNotFound>()("TargetUserNotFound", {
  targetUser: Schema.String,
  description: Schema.String
})
/** The organisation has no such member (404). */
export class TargetUserNotFound extends TargetUserNotFoundBase {
  override get message(): string {
    return this.description
  }
}

const HiddenApiKeyBase: ReasonClass<HiddenApiKey, "HiddenApiKey", {}> = Schema.TaggedError<HiddenApiKey>()(
  "HiddenApiKey",
  {}
)
/** The key in use is valid, but of a kind that the Auth API never shows (an OAuth token). */
export class HiddenApiKey extends HiddenApiKeyBase {
  override get message(): string {
    return "the key in use is valid, but the Auth API never shows keys of its kind (OAuth tokens)"
  }
}
