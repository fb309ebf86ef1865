import * as Effect from "effect/Effect"
import * as Node from "../../src/runtime/node.ts"
import { nodeSources } from "./nodeSources.ts"
import { outcome } from "./outcome.ts"

console.log(JSON.stringify(await Effect.runPromise(outcome(Node.layerConfig(), nodeSources))))
