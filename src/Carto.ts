/** All services of one account in one layer. */
import * as Layer from "effect/Layer"
import { ApiKeyManager } from "./keys/ApiKeyManager.ts"
import { Auth, type AuthOptions } from "./account/Auth.ts"
import { BatchSql } from "./sql/BatchSql.ts"
import type { CartoErrorOf, InvalidInput } from "./errors/CartoError.ts"
import { CopySql } from "./sql/CopySql.ts"
import type { HttpClient } from "./http/client.ts"
import { Sql } from "./sql/Sql.ts"

export type CartoServices = ApiKeyManager | Auth | BatchSql | CopySql | Sql

/** Made anew for each account: layers are otherwise built once, under whichever account comes first. */
const services = (): Layer.Layer<Exclude<CartoServices, Auth>, never, Auth | HttpClient> =>
  Layer.mergeAll(ApiKeyManager.layer, BatchSql.layer, CopySql.layer, Sql.layer)

/** The services of the account of `baseUrl` or `username`, under `apiKey`. See {@link AuthOptions}. */
export const layer = (options: AuthOptions): Layer.Layer<CartoServices, CartoErrorOf<InvalidInput>, HttpClient> =>
  Layer.provideMerge(services(), Auth.layer(options))

/** The services of the account of `CARTO_BASE_URL` or `CARTO_USERNAME`, under `CARTO_API_KEY`. */
export const layerConfig = (
  options?: Partial<AuthOptions>
): Layer.Layer<CartoServices, CartoErrorOf<InvalidInput>, HttpClient> =>
  Layer.provideMerge(services(), Auth.layerConfig(options))
