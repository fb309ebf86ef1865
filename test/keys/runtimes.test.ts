/** The life of keys on Node and in workerd, and the Worker of the examples that works under leases. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { FetchHttpClient } from "effect/http"
import { ApiKeyManager, Carto } from "../../src/index.ts"
import * as LeaseName from "../../src/keys/internal/lifecycle/leaseName.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import { root } from "../runtimes/commands.ts"
import * as Workerd from "../runtimes/workerd.ts"
import { scenario } from "./scenario.ts"

const username = "demo"
const carto = LocalCarto.layer({ accounts: [{ username, samples: true }], postgis: false })

const expected = {
  "under a lease": [{ some: true }],
  pooled: 1,
  "left by leases": [],
  swept: [],
  rotated: [["tiles~2"], [{ some: true }], ["tiles~2"]],
  plan: [
    "  + tides is created as tides~1~…",
    "      + API maps",
    "      + API sql",
    "      + select on public.tornadoes",
    "",
    "  - tiles is not desired: tiles~2 will be deleted",
    "",
    "Plan: 1 to create, 1 to delete."
  ],
  applied: ["tides~1~…"],
  again: true,
  "in the end": []
}

/** The services of the account, in this process and over HTTP. */
const services = Layer.unwrap(
  LocalCarto.useSync(({ environment }) => {
    const { CARTO_API_KEY, CARTO_BASE_URL } = environment(username)
    return Carto.layer({ baseUrl: CARTO_BASE_URL, apiKey: Redacted.make(CARTO_API_KEY) })
  })
).pipe(Layer.provide(FetchHttpClient.layer))

layer(Layer.mergeAll(carto, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "leases, rotation and plans",
  (it) => {
    it.effect("the scenario of leases, rotation and plans runs on Node", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* scenario.pipe(Effect.provide(services)), expected)
      })
    )

    it.effect("the scenario of leases, rotation and plans runs on workerd", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const bundle = yield* Workerd.bundle("test/keys/worker.ts")
        assert.notMatch(bundle.text, /\bimport\b.*["']node:|\beval\(|new Function\(/)
        const url = yield* Workerd.serve({ bundle, variables: environment(username) })
        const saw: unknown = yield* Effect.promise(() => fetch(url).then((response) => response.json()))
        assert.deepStrictEqual(saw, expected)
      })
    )

    it.effect("worker-lease/index.ts works under a lease, deletes it after the response, and sweeps by cron", () =>
      Effect.gen(function* () {
        const { environment, execute } = yield* LocalCarto
        yield* execute(username, "CREATE TABLE tornadoes_by_state (state text, tornadoes int)")
        // the same Worker, with a way to call what the cron trigger calls
        const bundle = yield* Workerd.bundle({
          contents: `import worker from "./examples/worker-lease/index.ts"
            export default {
              fetch: async (request, env, context) => {
                if (new URL(request.url).pathname !== "/scheduled") return worker.fetch(request, env, context)
                await worker.scheduled({}, env, context)
                return new Response("swept")
              }
            }`,
          resolveDir: root
        })
        const url = yield* Workerd.serve({ bundle, variables: { ...environment(username), REFRESH_TOKEN: "let me" } })
        const call = (path: string, method: string, token: string) =>
          Effect.promise(() => fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` } }))
        assert.strictEqual((yield* call("/", "GET", "let me")).status, 405)
        assert.strictEqual((yield* call("/", "POST", "let us")).status, 401)
        assert.strictEqual((yield* call("/", "POST", "let me")).status, 204)
        const filled = yield* execute(username, "SELECT count(*) > 0 AS filled FROM tornadoes_by_state")
        assert.deepStrictEqual(filled, [{ filled: "t" }])
        const manager = yield* ApiKeyManager
        const owners = Effect.map(manager.list({ type: "regular" }), (keys) =>
          keys.map(({ name }) => name.split("~")[2])
        )
        yield* Effect.repeat(owners, { until: (all) => all.length === 0, times: 1_000 })

        // leases that were not given back: by this Worker, and by another
        for (const owner of ["refresh-worker", "another"]) {
          const deadline = new Date("2020-01-01T00:00:00Z")
          const name = LeaseName.format({ purpose: "refresh", owner, deadline, id: "0123456789" })
          yield* manager.create({ name, apis: ["sql"] })
        }
        assert.strictEqual((yield* call("/scheduled", "POST", "")).status, 200)
        assert.deepStrictEqual(yield* owners, ["another"])
      }).pipe(Effect.provide(services))
    )
  }
)
