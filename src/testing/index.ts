/**
 * A CARTO account for each test, on the embedded CARTO. Permissions are those of PostgreSQL, and calls fail when the test says so.
 * Needs the package `@electric-sql/pglite`.
 *
 * ```ts
 * const server = await startServer()
 * const carto = await server.account({ samples: true, keys: { reader: { tables: [Grants.table("tornadoes", ["select"])] } } })
 * const reader = carto.client.withApiKey(carto.key("reader"))
 * await assert.rejects(reader.sql.query(sql`DELETE FROM tornadoes`), /permission denied/)
 * await server.close()
 * ```
 *
 * In Effect there are the layers {@link TestServer} and {@link TestAccount}, and for vitest the fixtures {@link serverFixture} and
 * {@link accountFixture}. `effect-carto/testing/globalSetup` starts one server for all test files of a run.
 *
 * @module
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type * as Carto from "../Carto.ts"
import type { EmulatorError } from "../emulator/index.ts"
import { makeServer } from "./internal/sharedServer.ts"
import type { ServerOptions, TestAccountOptions, TestOrganizationOptions } from "./options.ts"
import type { TestAccountError, TestAccountService, TestOrganizationService, TestServerService } from "./service.ts"

export { EmulatorError } from "../emulator/index.ts"
/** What a key can do: types and builders. */
export * as Grants from "../account/Grants.ts"
export { sql } from "../sql/Statement.ts"
export type { Fault, FaultOptions, Faults } from "./faults.ts"
export type { ServerOptions, TestAccountOptions, TestOrganizationOptions } from "./options.ts"
export type { TestAccountError, TestAccountService, TestOrganizationService, TestServerService } from "./service.ts"

const TestServerBase: Context.ServiceClass<TestServer, "effect-carto/testing/TestServer", TestServerService> =
  Context.Service<TestServer, TestServerService>()("effect-carto/testing/TestServer")
/** The embedded CARTO that tests share. It takes seconds to start, and then milliseconds for each account. */
export class TestServer extends TestServerBase {
  /** Uses the server of the run, or starts one. The options count only if it starts one. */
  static readonly layer = (options?: ServerOptions): Layer.Layer<TestServer, EmulatorError> =>
    Layer.effect(TestServer, makeServer(options))
}

const TestAccountBase: Context.ServiceClass<TestAccount, "effect-carto/testing/TestAccount", TestAccountService> =
  Context.Service<TestAccount, TestAccountService>()("effect-carto/testing/TestAccount")
/** The account of a test. */
export class TestAccount extends TestAccountBase {
  /** Makes an account for each effect that it is provided to, and has the services of the account under its master key. */
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

/** Can be closed when a test has ended. */
export interface Closable extends AsyncDisposable {
  /** Ends the account's client, or stops the server. */
  readonly close: () => Promise<void>
}

/** The server that tests share, in promises. */
export interface TestServerClient extends Closable {
  /** Makes an account that no other test has. */
  readonly account: <Keys extends string = never>(
    options?: TestAccountOptions<Keys>
  ) => Promise<TestAccountService<Keys> & Closable>
  /** Makes an organization with an owner and members. */
  readonly organization: <Members extends string>(
    options: TestOrganizationOptions<Members>
  ) => Promise<TestOrganizationService<Members> & Closable>
}

const open = async <A extends object, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A & Closable> => {
  const scope = Scope.makeUnsafe()
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const made = await Effect.runPromiseExit(Scope.provide(effect, scope))
  if (Exit.isSuccess(made)) return { ...made.value, close, [Symbol.asyncDispose]: close }
  await close()
  throw Cause.squash(made.cause)
}

/**
 * Uses the server of the run, or starts one: for test runners without fixtures. Call it before the first test, and close the
 * server after the last one.
 */
export const startServer = async (options?: ServerOptions): Promise<TestServerClient> => {
  const { account, organization, ...server } = await open(makeServer(options))
  return {
    ...server,
    account: (accountOptions) => open(account(accountOptions)),
    organization: (organizationOptions) => open(organization(organizationOptions))
  }
}

/** What vitest passes to a fixture besides other fixtures. */
export interface FixtureTools {
  /** Registers a function that runs when the fixture is no longer needed. */
  readonly onCleanup: (cleanup: () => Promise<void>) => void
}

const acquire = async <A extends object, E>(
  effect: Effect.Effect<A, E, Scope.Scope>,
  { onCleanup }: FixtureTools
): Promise<A> => {
  const made = await open(effect)
  onCleanup(made.close)
  return made
}

/** A fixture for vitest: the server that all tests of a worker share. */
export const serverFixture =
  (options?: ServerOptions): ((context: object, tools: FixtureTools) => Promise<TestServerService>) =>
  // vitest reads the names of the fixtures that this one needs from its text: here, none
  // oxlint-disable-next-line eslint/no-empty-pattern
  ({}, tools) =>
    acquire(makeServer(options), tools)

/** A fixture for vitest: an account for each test that asks for it. Needs the fixture `cartoServer`. */
export const accountFixture =
  <Keys extends string = never>(
    options?: TestAccountOptions<Keys>
  ): ((
    context: { readonly cartoServer: TestServerService },
    tools: FixtureTools
  ) => Promise<TestAccountService<Keys>>) =>
  ({ cartoServer }, tools) =>
    acquire(cartoServer.account(options), tools)

/** A fixture for vitest: an organization for each test that asks for it. Needs the fixture `cartoServer`. */
export const organizationFixture =
  <Members extends string>(
    options: TestOrganizationOptions<Members>
  ): ((
    context: { readonly cartoServer: TestServerService },
    tools: FixtureTools
  ) => Promise<TestOrganizationService<Members>>) =>
  ({ cartoServer }, tools) =>
    acquire(cartoServer.organization(options), tools)
