/** Copies of the command line beside the library's own: throughput and memory of 1 GB in, 1 GB out and 5 million rows out. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { bundleCli } from "../packaging/bundleCli.ts"
import { run } from "../runtimes/commands.ts"
import { less, more, type Report } from "./frame/Report.ts"
import { startServer } from "./startServer.ts"
import { copyBytes, copyLine, rowBlock, rowCount } from "./workload.ts"

const rounds = 3
const megabyte = 1_000_000

/** The memory that a copy of the command line may take. */
const memoryLimit = 150 * megabyte

/** The share of the library's rate that the command line must reach. */
const leastShare = 0.8

const peer = fileURLToPath(new URL("cliPeer.ts", import.meta.url))

/** Prints the highest memory of a process at its end. */
const reporter = `data:text/javascript,${encodeURIComponent(
  'import { writeSync } from "node:fs"; process.on("exit", () => writeSync(2, "\\npeak " + process.resourceUsage().maxRSS))'
)}`

const measure = Effect.fnUntraced(function* (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) {
  const started = performance.now()
  const quoted = [process.execPath, "--import", reporter, ...args].map((word) => `'${word}'`).join(" ")
  const { exitCode, stderr } = yield* run("sh", ["-c", `exec ${quoted} > /dev/null`], { env })
  if (exitCode !== 0) return yield* Effect.die(new Error(stderr))
  const [, peak = "0"] = /peak (\d+)\s*$/.exec(stderr) ?? []
  return { seconds: (performance.now() - started) / 1000, peak: Number(peak) * 1024 }
})

export const bench: Effect.Effect<Report> = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const port = yield* startServer
  const home = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-" })
  const cli = join(home, "effect-carto.js")
  yield* Effect.promise(() => bundleCli(cli))
  const data = join(home, "storms.txt")
  yield* Effect.promise(async () => {
    const { createWriteStream } = await import("node:fs")
    const { pipeline } = await import("node:stream/promises")
    const block = copyLine.repeat(10_000)
    await pipeline(function* () {
      for (let left = copyBytes; left > 0; left -= block.length) yield block.slice(0, left)
    }, createWriteStream(data))
  })
  const env = { HOME: home, CARTO_BASE_URL: `http://127.0.0.1:${port}/user/demo`, CARTO_API_KEY: "master" }
  const rowBytes = (rowBlock.text.length * rowCount) / rowBlock.rows
  const text = ["--format", "text", "--quiet"]
  const copies = [
    {
      title: "1 GB in, sent as gzip",
      size: copyBytes,
      ours: ["copy", "from", data, "storms", ...text],
      theirs: ["from", port, data]
    },
    { title: "1 GB out", size: copyBytes, ours: ["copy", "to", "storms", "-", ...text], theirs: ["to", port] },
    {
      title: "5 million rows out",
      size: rowBytes,
      ours: ["copy", "to", "tornadoes", "-", ...text],
      theirs: ["rows", port]
    }
  ]
  const failures: Array<string> = []
  const tables = yield* Effect.forEach(copies, ({ ours, size, theirs, title }) =>
    Effect.gen(function* () {
      const measured = yield* Effect.forEach(Array.from({ length: rounds }), () =>
        Effect.all({ library: measure([peer, ...theirs], env), cli: measure([cli, ...ours], env) })
      )
      const row = (name: string, all: ReadonlyArray<{ readonly seconds: number; readonly peak: number }>) => ({
        name,
        cells: {
          throughput: more("MB/s", ...all.map(({ seconds }) => size / seconds / megabyte)),
          "peak memory": less("MB", ...all.map(({ peak }) => peak / megabyte))
        }
      })
      const most = Math.max(...measured.map(({ cli: { peak } }) => peak))
      if (most > memoryLimit)
        failures.push(`${title}: ${Math.round(most / megabyte)} MB, more than ${memoryLimit / megabyte}`)
      const best = (of: (one: (typeof measured)[number]) => { readonly seconds: number }) =>
        Math.min(...measured.map((one) => of(one).seconds))
      const share = best(({ library }) => library) / best(({ cli: ourRun }) => ourRun)
      if (share < leastShare)
        failures.push(`${title}: ${share.toFixed(2)} of the library's rate, less than ${leastShare}`)
      return {
        title,
        baseline: "the library",
        rows: [
          row(
            "the library",
            measured.map(({ library }) => library)
          ),
          row(
            "effect-carto copy",
            measured.map((one) => one.cli)
          )
        ]
      }
    })
  )
  return { tables, failures }
}).pipe(Effect.scoped, Effect.orDie, Effect.provide(NodeServices.layer))
