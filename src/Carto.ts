/**
 * All services of one account in one layer.
 *
 * @module
 */
import * as Layer from "effect/Layer"
import { ApiKeyManager } from "./keys/ApiKeyManager.ts"
import { Auth, type AuthOptions } from "./account/Auth.ts"
import { BatchSql } from "./sql/BatchSql.ts"
import type { CartoErrorOf, InvalidInput } from "./errors/CartoError.ts"
import { CopySql } from "./sql/CopySql.ts"
import type { HttpClient } from "./http/client.ts"
import { Sql } from "./sql/Sql.ts"

/** The services of an account. */
export type CartoServices = ApiKeyManager | Auth | BatchSql | CopySql | Sql

/** Made for each account: a layer that is shared is built once, under the account that comes first. */
const services = (): Layer.Layer<Exclude<CartoServices, Auth>, never, Auth | HttpClient> =>
  Layer.mergeAll(ApiKeyManager.layer, BatchSql.layer, CopySql.layer, Sql.layer)

/** Provides the services of the account of `baseUrl` or `username`, under `apiKey`. Fails with `InvalidInput`, before any request. */
export const layer = (options: AuthOptions): Layer.Layer<CartoServices, CartoErrorOf<InvalidInput>, HttpClient> =>
  Layer.provideMerge(services(), Auth.layer(options))

/**
 * Provides the services of the account of `CARTO_BASE_URL` or `CARTO_USERNAME`, under `CARTO_API_KEY`. Fails with `InvalidInput`, before any
 * request.
 */
export const layerConfig = (
  options?: Partial<AuthOptions>
): Layer.Layer<CartoServices, CartoErrorOf<InvalidInput>, HttpClient> =>
  Layer.provideMerge(services(), Auth.layerConfig(options))
