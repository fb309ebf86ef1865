/** An embedded CARTO for development and tests: `effect-carto/emulator`. */
export type { AccountLimits, RateLimit, RateLimitGroup } from "./accounts/accountLimits.ts"
export type { AccountNotFound } from "./accounts/accounts.ts"
export type { AccountOptions, InvalidAccount, KeyOptions } from "./accounts/createAccount.ts"
export type { OrganizationRole } from "./accounts/account.ts"
export type { ConnectionError, DatabaseError } from "./database.ts"
export {
  Emulator,
  type EmulatorAccount,
  type EmulatorOptions,
  type EmulatorService,
  make,
  type RequestLogEntry
} from "./emulator.ts"
export { listen, ListenError, type Listening, type ListenOptions } from "./http/listen.ts"
export type { Rows } from "./shared/results.ts"
export type { MetadataError } from "./state/metadata.ts"
export { EmulatorError, type EmulatorErrorReason } from "./emulatorError.ts"
