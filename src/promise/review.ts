/**
 * What keys may do, as promises: `proof(client)`, `leastPrivilege(client)`, `audit(client)` and `matrix(client)`. They need
 * the master key.
 */
import type * as Redacted from "effect/Redacted"
import type { ApiKey } from "../ApiKey.ts"
import type { CreateOptions } from "../ApiKeyManager.ts"
import type { GrantsLike, GrantsRequest, SchemaPermission, TablePermission } from "../Grants.ts"
import type { CallOptions } from "../internal/connection.ts"
import * as AuditOfKeys from "../keys/Audit.ts"
import * as Privilege from "../keys/LeastPrivilege.ts"
import * as MatrixOfKeys from "../keys/Matrix.ts"
import * as ProofOfKey from "../keys/Proof.ts"
import type { Client } from "../promise.ts"

export type { AuditedKey, AuditedTable, AuditOptions } from "../keys/Audit.ts"
export type { Inference, Need, Opaque, Statements, Unmet } from "../keys/LeastPrivilege.ts"
export type { Cell, MatrixKey, MatrixOptions, MatrixTable } from "../keys/Matrix.ts"
export { type CanOptions, isEmpty, type Proof } from "../keys/Proof.ts"

/** See `keys/Proof` for what each call does and the reasons it can fail with. */
export interface Proofs {
  /** What a key may do, and how that differs from what was asked for; by default from what the Auth API says of it. */
  readonly prove: (key: ApiKey, asked?: GrantsLike, call?: CallOptions) => Promise<ProofOfKey.Proof>
  /** Creates a key; one that has not what was asked for, or more, is deleted again. */
  readonly createProven: (options: CreateOptions, call?: CallOptions) => Promise<ApiKey>
  readonly can: (
    key: ApiKey | Redacted.Redacted<string>,
    permission: SchemaPermission | TablePermission,
    name: string,
    options?: ProofOfKey.CanOptions & CallOptions
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

/** See `keys/Matrix` for what it does and the reasons it can fail with. */
export interface Matrices {
  readonly matrix: (options?: MatrixOfKeys.MatrixOptions & CallOptions) => Promise<MatrixOfKeys.Matrix>
  readonly toText: (matrix: MatrixOfKeys.Matrix) => string
  readonly toSvg: (matrix: MatrixOfKeys.Matrix) => string
}

export const proof = ({ connection: { run } }: Client): Proofs => ({
  prove: (key, asked, options) => run(ProofOfKey.prove(key, asked), options),
  createProven: (options, call) => run(ProofOfKey.createProven(options), call),
  can: (key, permission, name, options) => run(ProofOfKey.can(key, permission, name, options), options)
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

export const matrix = ({ connection: { run } }: Client): Matrices => ({
  matrix: (options) => run(MatrixOfKeys.matrix(options), options),
  toText: MatrixOfKeys.toText,
  toSvg: MatrixOfKeys.toSvg
})
