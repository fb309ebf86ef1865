/** `npm run size`: how large Workers are that use this library, bundled as wrangler bundles them. */
import * as Effect from "effect/Effect"
import process from "node:process"
import { gzipSync } from "node:zlib"
import { root } from "../runtimes/commands.ts"
import { bundle } from "../runtimes/workerd.ts"

const everything = `
  import * as everything from "effect-carto"
  import * as Workers from "effect-carto/runtime/workers"
  export default { fetch: () => Response.json(Object.keys({ ...everything, ...Workers })) }`

const workers = [
  { name: "examples/worker", entry: "examples/worker/index.ts", limit: 48 },
  { name: "everything that effect-carto exports", entry: { contents: everything, resolveDir: root } }
]

const inKiB = (bytes: number): number => Math.round((bytes / 1024) * 10) / 10

const rows = await Effect.runPromise(
  Effect.forEach(workers, ({ entry, limit, name }) =>
    Effect.map(bundle(entry, { minify: true }), ({ text }) => ({
      Worker: name,
      "minified KiB": inKiB(Buffer.byteLength(text)),
      "gzip -9 KiB": inKiB(gzipSync(text, { level: 9 }).byteLength),
      "limit KiB": limit
    }))
  )
)
console.table(rows)
for (const { "gzip -9 KiB": size, "limit KiB": limit, Worker } of rows) {
  if (limit !== undefined && size > limit) {
    console.error(`${Worker} has ${size} KiB, more than ${limit}`)
    process.exitCode = 1
  }
}
