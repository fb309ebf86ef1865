/** `npm run bench -- NAME`: benchmarks, which print ratios measured side by side in one run. */
import * as Effect from "effect/Effect"
import process from "node:process"
import "../requireNode24.js"

const benches: Readonly<Record<string, () => Promise<Effect.Effect<number>>>> = {
  governor: async () => (await import("./governor/bench.ts")).runBench,
  calls: async () => (await import("./calls.ts")).runBench,
  rotation: async () => (await import("./rotation.ts")).runBench,
  testing: async () => (await import("./testing.ts")).runBench,
  attacks: async () => (await import("./attacks.ts")).runBench,
  start: async () => (await import("./start.ts")).runBench,
  stream: async () => (await import("./stream.ts")).runBench
}

const main = async ([name = "", ...rest]: ReadonlyArray<string>): Promise<number> => {
  const load = Object.hasOwn(benches, name) ? benches[name] : undefined
  if (load === undefined || rest.length > 0) {
    process.stderr.write(`Usage: npm run bench -- ${Object.keys(benches).join("|")}\n`)
    return 2
  }
  return await Effect.runPromise(await load())
}

process.exitCode = await main(process.argv.slice(2))
