import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { Carto } from "../../src/index.ts"
import { outcome } from "./outcome.ts"

const layer = Layer.provide(Carto.layerConfig(), FetchHttpClient.layer)

console.log(JSON.stringify(await Effect.runPromise(outcome(layer))))
