/**
 * CARTO on Deno: its own fetch, and configuration by `Deno.env`, which needs permission only for the names that it reads.
 *
 * @module
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { AuthOptions } from "../account/Auth.ts"
import * as Carto from "../Carto.ts"
import type { CartoErrorOf, InvalidInput } from "../errors/CartoError.ts"
import { envConfigProvider } from "../account/internal/envConfig.ts"
import { fetchLayer } from "../http/fetch.ts"
import type { HttpClient } from "../http/client.ts"

declare const Deno: {
  readonly env: { readonly get: (name: string) => string | undefined }
  readonly createHttpClient: (options: { readonly caCerts: Array<string> }) => { readonly close: () => void }
}

/** Options of the transport on Deno. */
export interface DenoOptions {
  /** Certificate authorities in PEM to trust besides Deno's own: for on-premises hosts. */
  readonly caCerts?: ReadonlyArray<string> | undefined
}

/** Provides the transport alone. Needs `--allow-net` for the account's host. */
export const layerHttpClient = (options: DenoOptions = {}): Layer.Layer<HttpClient> => {
  const { caCerts } = options
  if (caCerts === undefined) return fetchLayer()
  return Layer.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => Deno.createHttpClient({ caCerts: [...caCerts] })),
        (client) => Effect.sync(() => client.close())
      ),
      (client) =>
        fetchLayer((input, init) => {
          const withClient: RequestInit & { readonly client: unknown } = { ...init, client }
          return globalThis.fetch(input, withClient)
        })
    )
  )
}

/** Provides all services of an account, over Deno's fetch. */
export const layer = (
  options: AuthOptions & DenoOptions
): Layer.Layer<Carto.CartoServices, CartoErrorOf<InvalidInput>> =>
  Layer.provide(Carto.layer(options), layerHttpClient(options))

const names = ["CARTO_BASE_URL", "CARTO_USERNAME", "CARTO_API_KEY"]

/**
 * Provides all services of the account of `CARTO_BASE_URL` or `CARTO_USERNAME`, under `CARTO_API_KEY`. Needs
 * `--allow-env=CARTO_BASE_URL,CARTO_USERNAME,CARTO_API_KEY`.
 */
export const layerConfig = (
  options: Partial<AuthOptions> & DenoOptions = {}
): Layer.Layer<Carto.CartoServices, CartoErrorOf<InvalidInput>> =>
  Carto.layerConfig(options).pipe(
    Layer.provide(layerHttpClient(options)),
    Layer.provide(
      ConfigProvider.layer(
        envConfigProvider((name) => Deno.env.get(name), `run deno with --allow-env=${names.join(",")}`)
      )
    )
  )
