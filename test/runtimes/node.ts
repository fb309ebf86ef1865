import * as Effect from "effect/Effect"
import * as Node from "../../src/runtime/node.ts"
import { outcome } from "./outcome.ts"

console.log(JSON.stringify(await Effect.runPromise(outcome(Node.layerConfig()))))
