import * as Effect from "effect/Effect"
import process from "node:process"
import { scenario } from "./scenario.ts"

const [url = "", accounts = ""] = process.argv.slice(-2)
console.log(JSON.stringify(await Effect.runPromise(scenario(url, accounts))))
// what a server keeps open does not keep this open
process.exit(0)
