/**
 * CARTO on Cloudflare Workers: configuration by the Worker's `env`, over the global fetch or a service binding.
 *
 * @module
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { type ApiKeySource, Auth, type AuthOptions } from "../account/Auth.ts"
import type { CartoErrorOf, InvalidInput } from "../errors/CartoError.ts"
import { envConfigProvider } from "../account/internal/envConfig.ts"
import { fetchLayer } from "../http/fetch.ts"
import type { HttpClient } from "../http/client.ts"

/** A service binding, or anything else with a `fetch`. */
export interface Fetcher {
  /** Sends a request. */
  readonly fetch: (input: Request | string | URL, init?: RequestInit) => Promise<Response>
}

/** A secret of a Secrets Store binding. */
export interface SecretBinding {
  /** Reads the secret. */
  readonly get: () => Promise<string>
}

/** The variables and secrets of a Worker's `env`, by the names that `Carto.layerConfig` reads. */
export interface WorkersEnv {
  /** The account's URL. */
  readonly CARTO_BASE_URL?: string | undefined
  /** The account's name, if there is no `CARTO_BASE_URL`. */
  readonly CARTO_USERNAME?: string | undefined
  /** One of the account's API keys: a secret, or a Secrets Store binding. */
  readonly CARTO_API_KEY?: string | SecretBinding | undefined
}

/** Options of the transport on Workers. */
export interface WorkersOptions {
  /** A service binding that replaces the global fetch. */
  readonly service?: Fetcher | undefined
}

/** Provides the transport alone. */
export const layerHttpClient = (options: WorkersOptions = {}): Layer.Layer<HttpClient> => {
  const { service } = options
  // called as a method: a binding's fetch loses its binding otherwise
  return service === undefined ? fetchLayer() : fetchLayer((input, init) => service.fetch(input, init))
}

const fromBinding = (binding: SecretBinding): ApiKeySource =>
  Effect.map(
    Effect.tryPromise(() => binding.get()),
    Redacted.make
  )

/**
 * Provides the account that the Worker's `env` names, and the transport to it. Put the services that the Worker uses on top of it, and it
 * carries no others: `Sql.layer.pipe(Layer.provide(Workers.layerEnv(env)))`. Fails with `InvalidInput`, before any request.
 */
export const layerEnv = (
  env: WorkersEnv,
  options: Partial<AuthOptions> & WorkersOptions = {}
): Layer.Layer<Auth | HttpClient, CartoErrorOf<InvalidInput>> => {
  const { CARTO_API_KEY: key, CARTO_BASE_URL, CARTO_USERNAME } = env
  const variables = new Map([
    ["CARTO_BASE_URL", CARTO_BASE_URL],
    ["CARTO_USERNAME", CARTO_USERNAME],
    ["CARTO_API_KEY", typeof key === "string" ? key : undefined]
  ])
  const bound = typeof key === "object" ? { apiKey: fromBinding(key) } : {}
  const provider = envConfigProvider((name) => variables.get(name))
  return Layer.merge(
    Auth.layerConfig({ ...bound, ...options }).pipe(Layer.provide(ConfigProvider.layer(provider))),
    layerHttpClient(options)
  )
}
