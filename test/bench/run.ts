/** `npm run bench`: benchmarks, which print medians and ratios that are measured side by side in one run. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import process from "node:process"
import { parseArgs } from "node:util"
import "../requireNode24.js"
import { compareWith } from "./frame/against.ts"
import { machine } from "./frame/machine.ts"
import { render } from "./frame/render.ts"
import type { Report } from "./frame/Report.ts"

const benches: Readonly<Record<string, () => Promise<Effect.Effect<Report>>>> = {
  calls: async () => (await import("./calls.ts")).bench,
  stream: async () => (await import("./stream.ts")).bench,
  start: async () => (await import("./start.ts")).bench,
  testing: async () => (await import("./testing.ts")).bench,
  rotation: async () => (await import("./rotation.ts")).bench,
  attacks: async () => (await import("./attacks.ts")).bench,
  cli: async () => (await import("./cli.ts")).bench,
  governor: async () => (await import("./governor/bench.ts")).bench
}

class UsageError extends Data.TaggedError("UsageError")<{}> {}

const usage = `Usage: npm run bench [-- NAME…] [--against REF]

NAME is one of ${Object.keys(benches).join(", ")}; without a name all of them run.

  --against REF   measures the commit REF and this tree in turn, and marks what got worse by more than 10 %
  --json          prints the report of one benchmark as JSON
`

const runOne = Effect.fnUntraced(function* (name: string) {
  yield* Console.log(`\n## ${name}\n`)
  const report = yield* Effect.flatten(Effect.promise(benches[name] ?? (() => Promise.reject(new Error(name)))))
  yield* Console.log(render(report))
  return report.failures.length
})

const readArguments = Effect.try({
  try: () =>
    parseArgs({
      allowPositionals: true,
      options: { against: { type: "string" }, json: { type: "boolean", default: false } }
    }),
  catch: () => new UsageError()
})

const main = Effect.gen(function* () {
  const { positionals, values } = yield* readArguments
  const names = positionals.length === 0 ? Object.keys(benches) : positionals
  if (names.some((name) => !Object.hasOwn(benches, name)) || (values.json && names.length !== 1)) {
    return yield* new UsageError()
  }
  const [first = ""] = names
  if (values.json) {
    const report = yield* Effect.flatten(Effect.promise(benches[first] ?? (() => Promise.reject(new Error(first)))))
    yield* Console.log(JSON.stringify(report))
    return 0
  }
  yield* Console.log(machine())
  if (values.against !== undefined) {
    const { against } = values
    const codes = yield* Effect.forEach(names, (name) => compareWith(name, against))
    return Math.max(...codes)
  }
  const failures = yield* Effect.forEach(names, runOne)
  return failures.some((count) => count > 0) ? 1 : 0
}).pipe(
  Effect.catchTag("UsageError", () => Effect.as(Console.error(usage), 2)),
  Effect.provide(NodeServices.layer)
)

process.exitCode = await Effect.runPromise(Effect.orDie(main))
