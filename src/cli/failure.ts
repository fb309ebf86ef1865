/** How a command fails: with a message for stderr and an exit code. */
import * as Data from "effect/Data"
import type { CartoError, CartoErrorReason } from "../errors/CartoError.ts"

/** The exit codes of the command line, by what they mean. */
export const exitCodes = {
  success: 0,
  failed: 1,
  usage: 2,
  changesPending: 3,
  refused: 4,
  rateLimited: 5,
  interrupted: 130
} as const

/** A failure that the command line itself reports. */
export class CliFailure extends Data.TaggedError("CliFailure")<{
  readonly message: string
  readonly exitCode: number
}> {}

/** A failure with exit code 1. */
export const failed = (message: string): CliFailure => new CliFailure({ message, exitCode: exitCodes.failed })

/** A failure with exit code 2: the command was called in a way that can never work. */
export const usage = (message: string): CliFailure => new CliFailure({ message, exitCode: exitCodes.usage })

const refusals: ReadonlySet<CartoErrorReason["_tag"]> = new Set<CartoErrorReason["_tag"]>([
  "AccountNotActivated",
  "ApiKeyProtected",
  "ApiNotGranted",
  "AuthApiDisabled",
  "GrantNotHeld",
  "GrantRefused",
  "GrantsInsufficient",
  "HiddenApiKey",
  "MasterKeyRequired",
  "NotOwner",
  "PermissionDenied",
  "SystemTableForbidden",
  "TargetUserForbidden",
  "Unauthenticated"
])

/** The exit code of an error of the library. */
export const exitCodeOf = ({ reason }: CartoError): number => {
  if (reason._tag === "RateLimited") return exitCodes.rateLimited
  if (reason._tag === "InvalidInput") return exitCodes.usage
  return refusals.has(reason._tag) ? exitCodes.refused : exitCodes.failed
}
