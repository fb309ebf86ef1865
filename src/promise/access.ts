/**
 * What keys may do, as promises: `verification(client)`, `leastPrivilege(client)`, `audit(client)` and `accessMatrix(client)`. They need
 * the master key.
 */
import type * as Redacted from "effect/Redacted"
import type { ApiKey } from "../account/ApiKey.ts"
import type { CreateOptions } from "../keys/ApiKeyManager.ts"
import type { GrantsLike, GrantsRequest, SchemaPermission, TablePermission } from "../account/Grants.ts"
import type { CallOptions } from "./internal/runtime.ts"
import * as AuditOfKeys from "../keys/Audit.ts"
import * as Privilege from "../keys/LeastPrivilege.ts"
import * as AccessMatrix from "../keys/AccessMatrix.ts"
import * as Verification from "../keys/Verification.ts"
import type { Client } from "./index.ts"

export type { AuditedKey, AuditedTable, AuditOptions } from "../keys/Audit.ts"
export type { Inference, Need, Opaque, Statements, Unmet } from "../keys/LeastPrivilege.ts"
export type { Cell, MatrixKey, MatrixOptions, MatrixTable } from "../keys/AccessMatrix.ts"
export { type CanOptions, isEmpty, type Verification } from "../keys/Verification.ts"

/** See `keys/Verification` for what each call does and the reasons it can fail with. */
export interface Verifications {
  /** What a key may do, and how that differs from what was asked for; by default from what the Auth API says of it. */
  readonly verifyGrants: (key: ApiKey, asked?: GrantsLike, call?: CallOptions) => Promise<Verification.Verification>
  /** Creates a key; one that has not what was asked for, or more, is deleted again. */
  readonly createVerified: (options: CreateOptions, call?: CallOptions) => Promise<ApiKey>
  readonly can: (
    key: ApiKey | Redacted.Redacted<string>,
    permission: SchemaPermission | TablePermission,
    name: string,
    options?: Verification.CanOptions & CallOptions
  ) => Promise<boolean>
}

/** See `keys/LeastPrivilege` for what each call does and the reasons it can fail with. */
export interface LeastPrivilege {
  /** With `verify`, each statement is explained under a key with the inferred grants. */
  readonly infer: (
    statements: Privilege.Statements,
    options?: { readonly verify?: boolean | undefined } & CallOptions
  ) => Promise<Privilege.Inference>
  readonly verify: (grants: GrantsRequest, statements: Privilege.Statements, call?: CallOptions) => Promise<void>
  readonly toText: (inference: Privilege.Inference) => string
}

/** See `keys/Audit` for what it does and the reasons it can fail with. */
export interface Audits {
  readonly audit: (options?: AuditOfKeys.AuditOptions & CallOptions) => Promise<AuditOfKeys.Audit>
  readonly toText: (audit: AuditOfKeys.Audit) => string
}

/** See `keys/AccessMatrix` for what it does and the reasons it can fail with. */
export interface AccessMatrices {
  readonly make: (options?: AccessMatrix.MatrixOptions & CallOptions) => Promise<AccessMatrix.AccessMatrix>
  readonly toText: (matrix: AccessMatrix.AccessMatrix) => string
  readonly toSvg: (matrix: AccessMatrix.AccessMatrix) => string
}

export const verification = ({ connection: { run } }: Client): Verifications => ({
  verifyGrants: (key, asked, options) => run(Verification.verifyGrants(key, asked), options),
  createVerified: (options, call) => run(Verification.createVerified(options), call),
  can: (key, permission, name, options) => run(Verification.can(key, permission, name, options), options)
})

export const leastPrivilege = ({ connection: { run } }: Client): LeastPrivilege => ({
  infer: (statements, options) => run(Privilege.infer(statements, { verify: options?.verify === true }), options),
  verify: (grants, statements, options) => run(Privilege.verify(grants, statements), options),
  toText: Privilege.toText
})

export const audit = ({ connection: { run } }: Client): Audits => ({
  audit: (options) => run(AuditOfKeys.audit(options), options),
  toText: AuditOfKeys.toText
})

export const accessMatrix = ({ connection: { run } }: Client): AccessMatrices => ({
  make: (options) => run(AccessMatrix.make(options), options),
  toText: AccessMatrix.toText,
  toSvg: AccessMatrix.toSvg
})
