/**
 * Reviews what keys can do, in promises: `verification(client)`, `leastPrivilege(client)`, `audit(client)` and
 * `accessMatrix(client)`. The client needs the master key.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { ApiKey } from "../account/ApiKey.ts"
import type { GrantsLike, GrantsRequest, SchemaPermission, TablePermission } from "../account/Grants.ts"
import * as AccessMatrix from "../keys/AccessMatrix.ts"
import type { CreateOptions } from "../keys/ApiKeyManager.ts"
import * as Audit from "../keys/Audit.ts"
import * as Privilege from "../keys/LeastPrivilege.ts"
import * as Verification from "../keys/Verification.ts"
import type { CallOptions, Connected, Services } from "./internal/connection.ts"
import { promised, type Promised } from "./internal/promised.ts"

export type { AuditedKey, AuditedTable, AuditOptions } from "../keys/Audit.ts"
export type { Inference, Need, Opaque, Statements, Unmet } from "../keys/LeastPrivilege.ts"
export type { Cell, MatrixKey, MatrixOptions, MatrixTable } from "../keys/AccessMatrix.ts"
export { type CanOptions, isEmpty, type Verification } from "../keys/Verification.ts"

/** The functions of `effect-carto/keys/Verification`, with the same errors. */
export interface Verifications extends Promised<Pick<typeof Verification, "can" | "createVerified" | "verifyGrants">> {
  /**
   * Compares what a key can do with what was asked for. By default it compares with what the Auth API says of the key.
   */
  readonly verifyGrants: (key: ApiKey, asked?: GrantsLike, call?: CallOptions) => Promise<Verification.Verification>
  /** Creates a key and verifies it. If its grants differ from those asked for, the key is deleted again. */
  readonly createVerified: (options: CreateOptions, call?: CallOptions) => Promise<ApiKey>
  /** Asks the database whether a key has a permission on a table, or `create` on a schema. */
  readonly can: (
    key: ApiKey | Redacted.Redacted<string>,
    permission: SchemaPermission | TablePermission,
    name: string,
    options?: Verification.CanOptions,
    call?: CallOptions
  ) => Promise<boolean>
}

/** The functions of `effect-carto/keys/LeastPrivilege`, with the same errors. */
export interface LeastPrivilege extends Promised<Pick<typeof Privilege, "verify">> {
  /** Infers the least grants that let a key run these statements. With `verify`, each is tried under a key with them. */
  readonly infer: (
    statements: Privilege.Statements,
    options?: { readonly verify?: boolean | undefined },
    call?: CallOptions
  ) => Promise<Privilege.Inference>
  /** Tries statements under a key with these grants. Rejects with `GrantsInsufficient` if a statement needs more. */
  readonly verify: (grants: GrantsRequest, statements: Privilege.Statements, call?: CallOptions) => Promise<void>
  /** Formats an inference as text: one line for each grant. */
  readonly toText: (inference: Privilege.Inference) => string
}

/** The functions of `effect-carto/keys/Audit`, with the same errors. */
export interface Audits extends Promised<Pick<typeof Audit, "audit">> {
  /** Reads what every key of the account can do. */
  readonly audit: (options?: Audit.AuditOptions, call?: CallOptions) => Promise<Audit.Audit>
  /** Formats the findings of an audit as a table. */
  readonly toText: (audit: Audit.Audit) => string
}

/** The functions of `effect-carto/keys/AccessMatrix`, with the same errors. */
export interface AccessMatrices extends Promised<Pick<typeof AccessMatrix, "make">> {
  /** Reads which key can do what with which table. */
  readonly make: (options?: AccessMatrix.MatrixOptions, call?: CallOptions) => Promise<AccessMatrix.AccessMatrix>
  /** Formats a matrix as text. */
  readonly toText: (matrix: AccessMatrix.AccessMatrix) => string
  /** Draws a matrix as SVG. */
  readonly toSvg: (matrix: AccessMatrix.AccessMatrix) => string
}

/** What keys can do, as the database reports it. */
export const verification = ({ connection }: Connected): Verifications =>
  promised<Verifications, Services>(connection, Effect.succeed(Verification), {
    can: "promise",
    createVerified: "promise",
    verifyGrants: "promise"
  })

/** The least grants that statements need. */
export const leastPrivilege = ({ connection }: Connected): LeastPrivilege => ({
  ...promised<Omit<LeastPrivilege, "toText">, Services>(connection, Effect.succeed(Privilege), {
    infer: "promise",
    verify: "promise"
  }),
  toText: Privilege.toText
})

/** Findings about the keys of the account. */
export const audit = ({ connection }: Connected): Audits => ({
  ...promised<Omit<Audits, "toText">, Services>(connection, Effect.succeed(Audit), { audit: "promise" }),
  toText: Audit.toText
})

/** Which key can do what with which table. */
export const accessMatrix = ({ connection }: Connected): AccessMatrices => ({
  ...promised<Omit<AccessMatrices, "toSvg" | "toText">, Services>(connection, Effect.succeed(AccessMatrix), {
    make: "promise"
  }),
  toText: AccessMatrix.toText,
  toSvg: AccessMatrix.toSvg
})
