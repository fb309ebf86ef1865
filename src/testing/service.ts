/** What a test gets. */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { ApiKey } from "../account/ApiKey.ts"
import type { CartoServices } from "../Carto.ts"
import type { EmulatorError } from "../emulator/index.ts"
import type { CartoErrorOf, InvalidInput } from "../errors/CartoError.ts"
import type { CreateReason } from "../keys/ApiKeyManager.ts"
import type { Client } from "../promise/index.ts"
import type { Faults } from "./faults.ts"
import type { TestAccountOptions, TestOrganizationOptions } from "./options.ts"

/** Why an account cannot be made: a wrong option, a statement of `seed` that fails, or a key that cannot be created. */
export type TestAccountError = EmulatorError | CartoErrorOf<CreateReason | InvalidInput>

/** An account of a test. */
export interface TestAccountService<Keys extends string = string> extends Faults {
  /** The name of the account. */
  readonly username: string
  /** The base URL of the account, for clients of the test's own that use `fetch`. */
  readonly baseUrl: string
  /** The token of the master key, as it was when the account was made. */
  readonly masterKey: Redacted.Redacted<string>
  /** Returns one of the keys of the option `keys`. */
  readonly key: (name: Keys) => ApiKey
  /** The Effect services of the account, under its master key. */
  readonly layer: Layer.Layer<CartoServices>
  /** The promise client of the account, under its master key. */
  readonly client: Client
}

/** An organization of a test. */
export interface TestOrganizationService<Members extends string = string> {
  /** The name of the organization. */
  readonly name: string
  /** The account that administers the organization. */
  readonly owner: TestAccountService
  /** Returns one of the members. */
  readonly member: (name: Members) => TestAccountService
}

/** Makes accounts for tests. */
export interface TestServerService {
  /** Makes an account that no other test has. */
  readonly account: <Keys extends string = never>(
    options?: TestAccountOptions<Keys>
  ) => Effect.Effect<TestAccountService<Keys>, TestAccountError, Scope.Scope>
  /** Makes an organization with an owner and members. They share a database, and see nothing of each other at first. */
  readonly organization: <Members extends string>(
    options: TestOrganizationOptions<Members>
  ) => Effect.Effect<TestOrganizationService<Members>, TestAccountError, Scope.Scope>
}
