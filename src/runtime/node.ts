/**
 * CARTO on Node: pooled connections of undici, through `@effect/platform-node`, which must be installed.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { AuthOptions } from "../account/Auth.ts"
import * as Carto from "../Carto.ts"
import type { CartoErrorOf, InvalidInput } from "../errors/CartoError.ts"
import type { HttpClient } from "../http/client.ts"

/** Options of the transport on Node. */
export interface NodeOptions {
  /** Certificate authorities in PEM that replace Node's own: for on-premises hosts. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** The most connections to the account's host. @default as many as there are calls at a time */
  readonly connections?: number | undefined
}

const missing = "effect-carto/runtime/node needs the package @effect/platform-node: npm install @effect/platform-node"

// loaded when it is needed, so that a missing package is reported with the command that installs it
const loadClient = Effect.promise(() =>
  import("@effect/platform-node/NodeHttpClient").catch((cause: unknown) => {
    throw new Error(missing, { cause })
  })
)

/** Provides the transport alone. It closes its connections with the layer. */
export const layerHttpClient = (options: NodeOptions = {}): Layer.Layer<HttpClient> =>
  Layer.unwrap(
    Effect.map(loadClient, (NodeHttpClient) =>
      NodeHttpClient.layerUndiciOptions({
        ...(options.connections === undefined ? {} : { connections: options.connections }),
        ...(options.ca === undefined
          ? {}
          : { connect: { ca: typeof options.ca === "string" ? options.ca : [...options.ca] } })
      })
    )
  )

/** Provides all services of an account, over Node's transport. */
export const layer = (
  options: AuthOptions & NodeOptions
): Layer.Layer<Carto.CartoServices, CartoErrorOf<InvalidInput>> =>
  Layer.provide(Carto.layer(options), layerHttpClient(options))

/** Provides all services of the account of `CARTO_BASE_URL` or `CARTO_USERNAME`, under `CARTO_API_KEY`, from `process.env`. */
export const layerConfig = (
  options: Partial<AuthOptions> & NodeOptions = {}
): Layer.Layer<Carto.CartoServices, CartoErrorOf<InvalidInput>> =>
  Layer.provide(Carto.layerConfig(options), layerHttpClient(options))
