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

/** Every method of the three services that most Workers use. */
const services = `
  import * as Effect from "effect/Effect"
  import * as Layer from "effect/Layer"
  import { ApiKeyManager } from "effect-carto/ApiKeyManager"
  import { Auth } from "effect-carto/Auth"
  import * as Grants from "effect-carto/Grants"
  import { Sql } from "effect-carto/Sql"
  import { sql } from "effect-carto/Statement"
  import * as Workers from "effect-carto/runtime/workers"
  const program = Effect.gen(function*() {
    const keys = yield* ApiKeyManager
    const db = yield* Sql
    const key = yield* keys.create({ name: "a", tables: [Grants.table("t", ["select"])] })
    const { rows } = yield* db.query(sql\`SELECT * FROM t WHERE year = \${2025}\`).pipe(Auth.withApiKey(key))
    yield* keys.regenerate(key)
    yield* keys.delete(key)
    return Response.json([yield* keys.list({ type: "regular" }), rows])
  })
  const services = Layer.mergeAll(ApiKeyManager.layer, Sql.layer)
  export default {
    fetch: (_, env) => Effect.runPromise(Effect.provide(program, Layer.provide(services, Workers.layerEnv(env))))
  }`

/** The same Worker without Effect. */
const promises = `
  import { connect, Grants, sql } from "effect-carto/promise"
  export default {
    async fetch(_, env) {
      const carto = connect({ baseUrl: env.CARTO_BASE_URL, apiKey: env.CARTO_API_KEY })
      const key = await carto.keys.create({ name: "a", tables: [Grants.table("t", ["select"])] })
      const { rows } = await carto.withApiKey(key).sql.query(sql\`SELECT * FROM t WHERE year = \${2025}\`)
      await carto.keys.regenerate(key)
      await carto.keys.delete(key)
      return Response.json([await carto.keys.list({ type: "regular" }), rows])
    }
  }`

const workers = [
  { name: "Auth, ApiKeyManager and Sql", entry: { contents: services, resolveDir: root }, limit: 57 },
  // at most 4 KiB for the promises
  { name: "the same, in promises", entry: { contents: promises, resolveDir: root }, limit: 60 },
  { name: "examples/worker", entry: "examples/worker/index.ts", limit: 51 },
  { name: "everything that effect-carto exports", entry: { contents: everything, resolveDir: root } }
]

const inKiB = (bytes: number): number => Math.round((bytes / 1024) * 100) / 100

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
