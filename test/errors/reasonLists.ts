/** The reasons with which each method can fail. The types, the guide and the fault cases are held to these lists. */
const callOfAnyKey = {
  CredentialsUnavailable: true,
  DeadlineExceeded: true,
  InvalidInput: true,
  RateLimited: true,
  RedirectRefused: true,
  RequestTooLarge: true,
  ResponseMalformed: true,
  ResponseTooLarge: true,
  ServerUnavailable: true,
  TransportFailed: true
} as const
export const call = { ...callOfAnyKey, Unauthenticated: true } as const

const organization = {
  AccountNotActivated: true,
  AuthApiDisabled: true,
  TargetUserForbidden: true,
  TargetUserNotFound: true
} as const
/** Reasons of a call under a key that may not exist. */
export const accountOfAnyKey = { ...callOfAnyKey, ...organization } as const
export const account = { ...call, ...organization } as const

export const statement = {
  ...call,
  AccountNotFound: true,
  CheckViolation: true,
  ExclusionViolation: true,
  ForeignKeyViolation: true,
  ApiNotGranted: true,
  NotNullViolation: true,
  NotOwner: true,
  PermissionDenied: true,
  QueryFailed: true,
  SqlSyntax: true,
  StatementTimeout: true,
  SystemTableForbidden: true,
  UndefinedColumn: true,
  UndefinedFunction: true,
  UndefinedTable: true,
  UniqueViolation: true
} as const

export const read = { ...statement, PartialResult: true } as const
export const query = { ...read, OutcomeUnknown: true } as const

export const create = {
  ...account,
  ApiKeyNameTaken: true,
  ApiKeyQuotaReached: true,
  GrantNotHeld: true,
  GrantRefused: true,
  InvalidGrants: true,
  MasterKeyRequired: true,
  OutcomeUnknown: true
} as const

export const regenerate = {
  ...account,
  ApiKeyNotFound: true,
  ApiKeyProtected: true,
  MasterKeyRequired: true,
  OutcomeUnknown: true,
  RegenerateRefused: true
} as const

export const remove = {
  ...account,
  ApiKeyNotFound: true,
  ApiKeyProtected: true,
  GrantRefused: true,
  MasterKeyRequired: true
} as const

const getJob = { ...statement, JobNotFound: true, MasterKeyRequired: true } as const
const createJob = { ...statement, JobQueueFull: true, MasterKeyRequired: true, OutcomeUnknown: true } as const
const waitJob = { ...getJob, JobCancelled: true, JobDeadlineExceeded: true, JobFailed: true } as const
const stream = { ...read, CopyTruncated: true, RowMalformed: true } as const
const upload = {
  ...statement,
  CopyLimitExceeded: true,
  NoRowsCopied: true,
  OutcomeUnknown: true,
  SourceFailed: true
} as const
const exported = { ...read, InvalidFormat: true } as const

/** Every method with a place in the guide. With a schema, where a method takes one. */
export const methods = {
  "ApiKeyManager.create": create,
  "ApiKeyManager.get": { ...account, ApiKeyNotFound: true },
  "ApiKeyManager.getOption": account,
  "ApiKeyManager.list": account,
  "ApiKeyManager.stream": account,
  "ApiKeyManager.regenerate": regenerate,
  "ApiKeyManager.delete": remove,
  "ApiKeyManager.whoami": { ...account, HiddenApiKey: true },
  "ApiKeyManager.isValid": accountOfAnyKey,
  "Sql.query": { ...query, RowMalformed: true },
  "Sql.stream": stream,
  "Keyset.stream": { ...query, RowKeyNotUnique: true, RowKeyNull: true, RowMalformed: true },
  "Sql.export": exported,
  "GeoJson.query": { ...exported, RowMalformed: true },
  "CopySql.to": { ...statement, CopyTruncated: true },
  "CopySql.toRows": stream,
  "CopySql.from": upload,
  "CopySql.progress": upload,
  "CopySql.fromRows": { ...upload, RowMalformed: true },
  "BatchSql.create": createJob,
  "BatchSql.get": getJob,
  "BatchSql.cancel": { ...getJob, JobNotCancellable: true },
  "BatchSql.wait": waitJob,
  "BatchSql.watch": { ...getJob, JobDeadlineExceeded: true },
  "BatchSql.run": { ...waitJob, ...createJob }
} as const
