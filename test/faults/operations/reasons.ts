/** Reasons that many operations declare, as README has them. */
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
const call = { ...callOfAnyKey, Unauthenticated: true } as const

const organization = {
  AccountNotActivated: true,
  AuthApiDisabled: true,
  TargetUserForbidden: true,
  TargetUserNotFound: true
} as const
/** Of what is asked of a key that may be none. */
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
