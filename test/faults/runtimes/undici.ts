import * as Effect from "effect/Effect"
import process from "node:process"
import { layerHttpClient } from "../../../src/runtime/node.ts"
import { scenario } from "./scenario.ts"

const [url = "", accounts = ""] = process.argv.slice(-2)
console.log(JSON.stringify(await Effect.runPromise(scenario(url, accounts, layerHttpClient()))))
process.exit(0)
