import * as Effect from "effect/Effect"
import * as DenoCarto from "../../src/runtime/deno.ts"
import { nodeSources } from "./nodeSources.ts"
import { outcome } from "./outcome.ts"

console.log(JSON.stringify(await Effect.runPromise(outcome(DenoCarto.layerConfig(), nodeSources))))
