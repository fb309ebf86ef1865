/** An embedded CARTO for development and tests: `effect-carto/emulator`. */
export type { AccountLimits, RateLimit, RateLimitGroup } from "./accounts/accountLimits.ts"
export type { AccountOptions, KeyOptions } from "./accounts/createAccount.ts"
export type { OrganizationRole } from "./accounts/account.ts"
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
export { EmulatorError, type EmulatorErrorReason } from "./emulatorError.ts"
