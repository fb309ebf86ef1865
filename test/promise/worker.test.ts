/** The promise client in workerd, where promises and streams of one request must not be touched by another. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { root } from "../runtimes/commands.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import * as Workerd from "../runtimes/workerd.ts"

const carto = LocalCarto.layer({
  accounts: [{ username: "demo", samples: true }, { username: "olga" }],
  postgis: false
})

/** One client at the top of the module, and one of each request's own. */
const worker = (settings: { readonly CARTO_BASE_URL: string; readonly CARTO_API_KEY: string }) => `
  import { connect, isCartoError, sql } from "effect-carto/promise"
  import { copy } from "effect-carto/promise/copy"

  const shared = connect({ baseUrl: ${JSON.stringify(settings.CARTO_BASE_URL)}, apiKey: ${JSON.stringify(settings.CARTO_API_KEY)} })

  export default {
    async fetch(request, env) {
      await using own = connect({ baseUrl: env.CARTO_BASE_URL, apiKey: async () => env.CARTO_API_KEY })
      const n = Number(new URL(request.url).searchParams.get("n"))
      const statement = sql\`SELECT \${n} + i AS n FROM generate_series(1, 1000) AS i\`
      const { totalRows } = await shared.sql.query(statement)
      let first
      for await (const row of shared.sql.stream(statement, { over: copy })) {
        first = row.n
        break
      }
      const late = await own.sql.query(statement, { signal: AbortSignal.abort("late") }).catch((reason) => reason)
      const refused = await own.withApiKey("wrong").keys.whoami().catch((error) => isCartoError(error, "Unauthenticated"))
      return Response.json([totalRows, first, late, refused])
    }
  }`

layer(Layer.mergeAll(carto, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "the promise client on Workers",
  (it) => {
    it.effect("a client is made at the top of a module and shared by requests, or made by each request", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const variables = environment("demo")
        const bundle = yield* Workerd.bundle({ contents: worker(variables), resolveDir: root })
        const url = yield* Workerd.serve({ bundle, variables })
        const ask = (n: number) =>
          Effect.promise(async () => {
            const response = await fetch(`${url}/?n=${n}`)
            return [response.status, await response.json()]
          })
        const responses = yield* Effect.forEach([0, 10, 20, 30], ask, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          responses,
          [0, 10, 20, 30].map((n) => [200, [1000, n + 1, "late", true]])
        )
        assert.deepStrictEqual(yield* ask(40), [200, [1000, 41, "late", true]])
      })
    )

    it.effect("a client replaces its own key in one request while other requests use it", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const { CARTO_API_KEY, CARTO_BASE_URL } = environment("olga")
        const contents = `
          import { connect } from "effect-carto/promise"
          const carto = connect({ baseUrl: ${JSON.stringify(CARTO_BASE_URL)}, apiKey: ${JSON.stringify(CARTO_API_KEY)} })
          export default {
            async fetch(request) {
              const regenerates = new URL(request.url).pathname === "/regenerate"
              const key = regenerates ? await carto.keys.regenerate("Master") : await carto.keys.whoami()
              return new Response(key.name)
            }
          }`
        const bundle = yield* Workerd.bundle({ contents, resolveDir: root })
        const url = yield* Workerd.serve({ bundle, variables: {} })
        const ask = (path: string) =>
          Effect.promise(async () => {
            const response = await fetch(`${url}${path}`)
            return await response.text()
          })
        const paths = Array.from({ length: 30 }, (_, index) => (index % 10 === 3 ? "/regenerate" : "/"))
        const names = yield* Effect.forEach(paths, ask, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          names,
          paths.map(() => "Master")
        )
        assert.strictEqual(yield* ask("/"), "Master")
      })
    )
  }
)
