/** API keys, as CARTO's Rails application stores them. */
import type { Grant } from "./grant.ts"

/** The type of a key. The Auth API hides keys of type `oauth`. */
export type KeyType = "master" | "default" | "regular" | "oauth"

/** An API key. */
export interface ApiKey {
  readonly username: string
  readonly name: string
  readonly type: KeyType
  readonly token: string
  /** The requested grants. The effective permissions are in the database. */
  readonly grants: ReadonlyArray<Grant>
  readonly databaseRole: string
  readonly databasePassword: string
  /** The time of creation in milliseconds since the epoch. `updatedAt` has the same unit. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** The name of every Master key. */
export const masterName = "Master"
/** The name of every Default public key. */
export const defaultName = "Default public"
/** The token of every Default public key. */
export const defaultToken = "default_public"
