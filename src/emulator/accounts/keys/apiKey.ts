/** An API key as the Rails application keeps it. */
import type { Grant } from "./grant.ts"

export type KeyType = "master" | "default" | "regular" | "oauth"

export interface ApiKey {
  readonly username: string
  readonly name: string
  readonly type: KeyType
  readonly token: string
  /** What was asked for; the database says what the key really holds. */
  readonly grants: ReadonlyArray<Grant>
  readonly databaseRole: string
  readonly databasePassword: string
  /** Milliseconds since the epoch, as is `updatedAt`. */
  readonly createdAt: number
  readonly updatedAt: number
}

export const masterName = "Master"
export const defaultName = "Default public"
export const defaultToken = "default_public"
