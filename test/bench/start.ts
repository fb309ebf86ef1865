/** What an emulator and its databases take to start, from the prepared data directories. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { run } from "../runtimes/commands.ts"
import { median } from "./median.ts"

const runs = 5
const file = fileURLToPath(new URL("ready.ts", import.meta.url))

const Taken = Schema.fromJsonString(
  Schema.Struct({
    ready: Schema.Finite,
    memory: Schema.Finite,
    further: Schema.Finite,
    furtherMemory: Schema.Finite
  })
)

const start = Effect.fnUntraced(function* (postgis: boolean) {
  const { exitCode, stderr, stdout } = yield* run(process.execPath, [file, String(postgis)])
  if (exitCode !== 0) return yield* Effect.die(new Error(stderr))
  return yield* Schema.decodeUnknownEffect(Taken)(stdout)
})

/** Prints medians: seconds, and MB of the whole process. */
export const runBench: Effect.Effect<number> = Effect.gen(function* () {
  for (const postgis of [false, true]) {
    const all = yield* Effect.forEach(Array.from({ length: runs }), () => start(postgis))
    const of = (key: keyof typeof Taken.Type) => median(all.map((one) => one[key]))
    yield* Console.log(
      `${postgis ? "with" : "without"} PostGIS: ready after ${of("ready").toFixed(2)} s, ${of("memory").toFixed(0)} MB; ` +
        `a further database ${of("further").toFixed(2)} s, ${of("furtherMemory").toFixed(0)} MB`
    )
  }
  return 0
}).pipe(Effect.orDie, Effect.provide(NodeServices.layer))
