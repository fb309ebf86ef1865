/** An embedded CARTO for tests: its accounts, and the client's services for one of them. */
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { type AuthOptions, Carto } from "../../src/index.ts"
import { Emulator, type EmulatorOptions } from "../../src/emulator/index.ts"
import { kind } from "./databases.ts"
import { PostgresServer } from "./postgres.ts"

/** The services of an account of the emulator, over another fetch than its own. */
export const servicesOver = (
  fetch: typeof globalThis.fetch,
  options: Partial<AuthOptions> = {},
  username = "demo"
): Layer.Layer<Carto.CartoServices, never, Emulator> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { account } = yield* Emulator
      const { baseUrl, masterKey } = yield* Effect.fromNullishOr(account(username))
      return Carto.layer({ baseUrl, apiKey: masterKey, ...options }).pipe(
        // layers are built once, and another one's is over another fetch
        Layer.provide(Layer.fresh(FetchHttpClient.layer)),
        Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch))
      )
    })
  ).pipe(Layer.orDie)

/** The services of an account of the emulator, in process. */
export const services = (
  username = "demo",
  options: Partial<AuthOptions> = {}
): Layer.Layer<Carto.CartoServices, never, Emulator> =>
  Layer.unwrap(Effect.map(Emulator, ({ fetch }) => servicesOver(fetch, options, username)))

/** An emulator on databases of the kind that tests run on. */
export const layerEmulator = (options: EmulatorOptions): Layer.Layer<Emulator> =>
  (kind === "pglite"
    ? Emulator.layer(options)
    : Layer.unwrap(Effect.map(PostgresServer, ({ url }) => Emulator.layer({ ...options, database: url }))).pipe(
        Layer.provide(PostgresServer.layer)
      )
  ).pipe(Layer.orDie)

/** An emulator with its account `demo` and the services of that account. */
export const layerEmbedded = (
  options: EmulatorOptions = { postgis: false }
): Layer.Layer<Carto.CartoServices | Emulator> => services().pipe(Layer.provideMerge(layerEmulator(options)))
