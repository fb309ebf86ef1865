/** An embedded CARTO for development and tests: `effect-carto/emulator`. */
export type { AccountOptions } from "./accounts/createAccount.ts"
export type { OrganizationRole } from "./accounts/Account.ts"
export {
  Emulator,
  type EmulatorAccount,
  type EmulatorOptions,
  type EmulatorService,
  make,
  type Rows
} from "./Emulator.ts"
export { listen, ListenError, type Listening, type ListenOptions } from "./listen.ts"
export { EmulatorError, type EmulatorErrorReason } from "./EmulatorError.ts"
