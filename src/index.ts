/**
 * CARTO's Auth API and SQL API as Effect services. Give them an account with `Carto.layer` or `Carto.layerConfig`, and a
 * transport: `FetchHttpClient.layer` of `effect/http`, or one of `effect-carto/runtime/*`.
 *
 * @module
 */
export { ApiKey, type ApiKeyFields, type ApiKeyType } from "./ApiKey.ts"
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
} from "./ApiKeyManager.ts"
export {
  type ApiKeySource,
  Auth,
  type AuthOptions,
  type AuthService,
  type RetryFailure,
  type RetryPolicy,
  type TransportOptions
} from "./Auth.ts"
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
} from "./BatchSql.ts"
export * as Carto from "./Carto.ts"
export {
  AccountNotActivated,
  AccountNotFound,
  ApiKeyNameTaken,
  ApiKeyNotFound,
  ApiKeyProtected,
  ApiKeyQuotaReached,
  type CallReason,
  CartoError,
  type CartoErrorOf,
  type CartoErrorReason,
  CheckViolation,
  CopyLimitExceeded,
  CopyTruncated,
  CredentialsUnavailable,
  DeadlineExceeded,
  EngineDisabled,
  ExclusionViolation,
  ForeignKeyViolation,
  GrantNotHeld,
  GrantRefused,
  type GrantsViolation,
  HiddenApiKey,
  InvalidFormat,
  InvalidGrants,
  InvalidInput,
  isCartoError,
  JobCancelled,
  JobDeadlineExceeded,
  JobFailed,
  JobNotCancellable,
  JobNotFound,
  JobQueueFull,
  KeyLacksApi,
  MasterKeyRequired,
  NoRowsCopied,
  NotNullViolation,
  NotOwner,
  OutcomeUnknown,
  PartialResult,
  PermissionDenied,
  QueryFailed,
  RateLimited,
  RedirectRefused,
  RegenerateRefused,
  ResponseMalformed,
  ResponseTooLarge,
  RowMalformed,
  ServerUnavailable,
  SqlSyntax,
  type StatementReason,
  StatementTimeout,
  SystemTableForbidden,
  TargetUserForbidden,
  TargetUserNotFound,
  TransportFailed,
  Unauthenticated,
  UndefinedColumn,
  UndefinedFunction,
  UndefinedTable,
  UniqueViolation
} from "./CartoError.ts"
export {
  type CopyFromOptions,
  type CopyFromReason,
  type CopyProgress,
  type CopyResult,
  CopySql,
  type CopySqlService,
  type CopyTarget,
  type CopyToReason,
  type StreamReason,
  type ToRowsOptions
} from "./CopySql.ts"
export * as GeoJson from "./GeoJson.ts"
export * as Grants from "./Grants.ts"
export {
  type Field,
  type QueryOptions,
  type QueryReason,
  type QueryResult,
  type Row,
  type RowsOptions,
  Sql,
  type SqlService
} from "./Sql.ts"
export { isStatement, sql, type SqlTag, type Statement, type Value } from "./Statement.ts"
