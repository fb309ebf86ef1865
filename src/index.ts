/**
 * CARTO's Auth API and SQL API as Effect services. Give them an account with `Carto.layer` or `Carto.layerConfig`, and a
 * transport: `FetchHttpClient.layer` of `effect/http`, or one of `effect-carto/runtime/*`.
 *
 * @module
 */
export { ApiKey, type ApiKeyFields, type ApiKeyType } from "./account/ApiKey.ts"
export {
  ApiKeyManager,
  type ApiKeyManagerService,
  type AuthApiReason,
  type CreateOptions,
  type CreateReason,
  type DeleteReason,
  type GetReason,
  type ListOptions,
  type RegenerateReason,
  type TargetUserOptions
} from "./keys/ApiKeyManager.ts"
export {
  type ApiKeySource,
  Auth,
  type AuthOptions,
  type AuthService,
  type RetryFailure,
  type RetryPolicy,
  type TransportOptions
} from "./account/Auth.ts"
export {
  BatchSql,
  type BatchSqlService,
  type CancelJobReason,
  type CreateJobReason,
  type FallbackStatus,
  type GetJobReason,
  type Job,
  type JobInput,
  type JobPlan,
  type JobQuery,
  type JobReason,
  type JobStatement,
  type JobStatus,
  type WaitOptions,
  type WaitReason
} from "./sql/BatchSql.ts"
/** All services of one account in one layer. */
export * as Carto from "./Carto.ts"
export * from "./errors/CartoError.ts"
export {
  type ByteChunk,
  type BytePart,
  type ByteSource,
  type CopyFromOptions,
  type CopyFromReason,
  type CopyProgress,
  type CopyResult,
  CopySql,
  type CopySqlService,
  type CopyTarget,
  type CopyToReason,
  type Elements,
  type RowSource,
  type StreamReason,
  type ToRowsOptions
} from "./sql/CopySql.ts"
export * as GeoJson from "./sql/GeoJson.ts"
export * as Grants from "./account/Grants.ts"
export {
  type Decoded,
  type DecodeReason,
  type DecodingServices,
  type Exported,
  type ExportedReason,
  type ExportFormat,
  type ExportOptions,
  type ExportReason,
  type Field,
  type QueryOptions,
  type QueryReason,
  type QueryResult,
  type ReadReason,
  type Row,
  type RowSchema,
  type RowsOptions,
  Sql,
  type SqlApiReason,
  type SqlService
} from "./sql/Sql.ts"
export { isStatement, sql, type SqlTag, type Statement, type Value } from "./sql/Statement.ts"
