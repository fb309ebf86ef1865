/** The promise client in workerd, where promises and streams of one request must not be touched by another. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { root } from "../runtimes/commands.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import * as Workerd from "../runtimes/workerd.ts"

const carto = LocalCarto.layer({ accounts: [{ username: "demo", samples: true }], postgis: false })

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
    it.effect("is made at the top of a module and shared by requests, or made by each", () =>
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
        const answers = yield* Effect.forEach([0, 10, 20, 30], ask, { concurrency: "unbounded" })
        assert.deepStrictEqual(
          answers,
          [0, 10, 20, 30].map((n) => [200, [1000, n + 1, "late", true]])
        )
        assert.deepStrictEqual(yield* ask(40), [200, [1000, 41, "late", true]])
      })
    )
  }
)
