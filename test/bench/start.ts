/** The time and memory that an emulator and a further database take to start, from the prepared data directories. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { run } from "../runtimes/commands.ts"
import { less, type Report } from "./frame/Report.ts"

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

export const bench: Effect.Effect<Report> = Effect.forEach([false, true], (postgis) =>
  Effect.map(
    Effect.forEach(Array.from({ length: runs }), () => start(postgis)),
    (all) => {
      const of = (key: keyof typeof Taken.Type, unit: string) => less(unit, ...all.map((one) => one[key]))
      return {
        name: postgis ? "with PostGIS" : "without PostGIS",
        cells: {
          "ready after": of("ready", "s"),
          memory: of("memory", "MB"),
          "a further database": of("further", "s"),
          "its memory": of("furtherMemory", "MB")
        }
      }
    }
  )
).pipe(
  Effect.map((rows) => ({
    tables: [{ title: "The embedded CARTO, from the start of the process", rows }],
    failures: []
  })),
  Effect.orDie,
  Effect.provide(NodeServices.layer)
)
