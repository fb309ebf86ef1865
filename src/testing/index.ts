/**
 * A CARTO account for each test, on the embedded CARTO: permissions are PostgreSQL's own, and it fails when told to. Needs
 * `@electric-sql/pglite`.
 *
 * ```ts
 * const test = base
 *   .extend("cartoServer", { scope: "worker" }, serverFixture())
 *   .extend("carto", accountFixture({ samples: true, keys: { reader: { tables: [Grants.table("tornadoes", ["select"])] } } }))
 *
 * test("the reader cannot write", async ({ carto }) => {
 *   const reader = carto.client.withApiKey(carto.key("reader"))
 *   await expect(reader.sql.query(sql`DELETE FROM tornadoes`)).rejects.toThrow("permission denied")
 * })
 * ```
 *
 * @module
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type * as Carto from "../Carto.ts"
import type { EmulatorError } from "../emulator/emulatorError.ts"
import {
  makeServer,
  type ServerOptions,
  type TestAccountError,
  type TestAccountOptions,
  type TestAccountService,
  type TestServerService
} from "./TestAccount.ts"

export { EmulatorError } from "../emulator/emulatorError.ts"
export * as Grants from "../account/Grants.ts"
export { sql } from "../sql/Statement.ts"
export type { Fault, FaultOptions } from "./faults.ts"
export type {
  ServerOptions,
  TestAccountError,
  TestAccountOptions,
  TestAccountService,
  TestServerService
} from "./TestAccount.ts"

const TestServerBase: Context.ServiceClass<TestServer, "effect-carto/testing/TestServer", TestServerService> =
  Context.Service<TestServer, TestServerService>()("effect-carto/testing/TestServer")
/** The embedded CARTO that tests share. It takes some seconds to start, and then milliseconds an account. */
export class TestServer extends TestServerBase {
  static readonly layer = (options?: ServerOptions): Layer.Layer<TestServer, EmulatorError> =>
    Layer.effect(TestServer, makeServer(options))
}

const TestAccountBase: Context.ServiceClass<TestAccount, "effect-carto/testing/TestAccount", TestAccountService> =
  Context.Service<TestAccount, TestAccountService>()("effect-carto/testing/TestAccount")
/** The account of a test. */
export class TestAccount extends TestAccountBase {
  /** An account for whom it is provided to, never shared, and its services under the master key. */
  static readonly layer = (
    options?: TestAccountOptions<string>
  ): Layer.Layer<Carto.CartoServices | TestAccount, TestAccountError, TestServer> =>
    Layer.effect(
      TestAccount,
      TestServer.use((server) => server.account(options))
    ).pipe(
      Layer.flatMap((context) => Layer.merge(Layer.succeedContext(context), Context.get(context, TestAccount).layer)),
      Layer.fresh
    )
}

/** What vitest hands to a fixture, beside other fixtures. */
export interface FixtureTools {
  readonly onCleanup: (cleanup: () => Promise<void>) => void
}

const acquire = async <A, E>(effect: Effect.Effect<A, E, Scope.Scope>, { onCleanup }: FixtureTools): Promise<A> => {
  const scope = Scope.makeUnsafe()
  onCleanup(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return await Effect.runPromise(Scope.provide(effect, scope))
}

/** A fixture of vitest's: the server that all tests of a worker share. The first test waits some seconds for it. */
export const serverFixture =
  (options?: ServerOptions): ((context: object, tools: FixtureTools) => Promise<TestServerService>) =>
  // vitest reads the names of what a fixture needs from its text: here, none
  // oxlint-disable-next-line eslint/no-empty-pattern
  ({}, tools) =>
    acquire(makeServer(options), tools)

/** A fixture of vitest's: an account for each test that asks for it. Needs the fixture `cartoServer`. */
export const accountFixture =
  <Keys extends string = never>(
    options?: TestAccountOptions<Keys>
  ): ((
    context: { readonly cartoServer: TestServerService },
    tools: FixtureTools
  ) => Promise<TestAccountService<Keys>>) =>
  ({ cartoServer }, tools) =>
    acquire(cartoServer.account(options), tools)
