/** What makes accounts: an emulator of this process, or the server that all test files of a run share. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { AccountOptions, EmulatorError, EmulatorService } from "../../emulator/index.ts"

/** An account as a backend has made it. */
export interface BackendAccount {
  readonly username: string
  readonly baseUrl: string
  readonly masterKey: Redacted.Redacted
  /** The schema of its tables, if the base URL does not say it. */
  readonly schema?: string | undefined
}

/** Makes accounts and runs SQL as them. */
export interface Backend {
  readonly createAccount: (options: AccountOptions) => Effect.Effect<BackendAccount, EmulatorError>
  readonly execute: (username: string, text: string) => Effect.Effect<void, EmulatorError>
  /** A number that no other test of the run gets. */
  readonly nextNumber: Effect.Effect<number, EmulatorError>
  readonly fetch: typeof globalThis.fetch
}

/** A backend of this process, which can be served. */
export interface LocalBackend extends Backend {
  readonly handler: (request: Request) => Promise<Response>
}

/** The organization of accounts that have no other one and no database of their own. */
export const sharedOrganization = "tests"

/** The base URL of an account in an emulator of this process. */
const baseUrlOf = ({ organization, username }: AccountOptions, own: string): string =>
  organization?.role === "member" ? `https://${organization.name}.carto.com/u/${username}` : own

/** The backend of an emulator of this process. */
export const localBackend = ({ createAccount, execute, fetch, handler }: EmulatorService): LocalBackend => {
  let count = 0
  return {
    createAccount: (options) =>
      Effect.map(createAccount(options), (account) => ({ ...account, baseUrl: baseUrlOf(options, account.baseUrl) })),
    execute: (username, text) => Effect.asVoid(execute(username, text)),
    nextNumber: Effect.sync(() => (count += 1)),
    fetch,
    handler
  }
}
