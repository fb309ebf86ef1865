/** Options of calls to the Auth API. */
import type { ApiKeyType } from "../../../account/ApiKey.ts"
import type { GrantsRequest } from "../../../account/Grants.ts"

/** For whom a call acts. */
export interface TargetUserOptions {
  /** Acts for this member of the organization. Only its owner and admins may. */
  readonly targetUser?: string | undefined
}

/** The name of a new key, and its grants. */
export interface CreateOptions extends GrantsRequest, TargetUserOptions {
  /** Any text that is not blank. Unique and case-sensitive; it cannot be changed. */
  readonly name: string
}

/** Which keys to list. */
export interface ListOptions extends TargetUserOptions {
  /**
   * Lists keys of these types only.
   * @default every type
   */
  readonly type?: ApiKeyType | ReadonlyArray<ApiKeyType> | undefined
  /**
   * The ascending order within a type. The master key comes first, then the default key, then regular keys.
   * @default "updated_at"
   */
  readonly order?: "type" | "name" | "updated_at" | undefined
  /**
   * How many keys the first response holds. If there are more, a second response holds all of them.
   * @default 100
   */
  readonly pageSize?: number | undefined
}
