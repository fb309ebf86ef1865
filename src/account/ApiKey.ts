/**
 * What an API key is.
 *
 * @module
 */
import * as Data from "effect/Data"
import type * as Redacted from "effect/Redacted"
import type { Grants, Open } from "./Grants.ts"

/** The type of a key. `oauth` keys exist too, but the Auth API never shows them. */
export type ApiKeyType = "master" | "default" | "regular"

/** The fields of an {@link ApiKey}. */
export interface ApiKeyFields {
  /** The name, which is unique in the account and case-sensitive. */
  readonly name: string
  /** The type of the key. */
  readonly type: Open<ApiKeyType>
  /** The secret that authenticates. It is shown only in the header of a request. */
  readonly token: Redacted.Redacted<string>
  /** The grants of the key. */
  readonly grants: Grants
  /** The account that the key belongs to. */
  readonly username: string
  /** When the key was created: UTC, to the second. */
  readonly createdAt: Date
  /** When the key changed last: UTC, to the second. Regenerating the token changes it. */
  readonly updatedAt: Date
  /** Fields of the response that this library does not know. */
  readonly extra: Readonly<Record<string, unknown>>
}

const ApiKeyBase: new (fields: ApiKeyFields) => Readonly<ApiKeyFields> = Data.Class
/** An API key of an account. Names are unique and case-sensitive; keys cannot be edited. */
export class ApiKey extends ApiKeyBase {}
