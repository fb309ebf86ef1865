/** Requests of a Worker that share a pool, on workerd. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import * as Workerd from "../runtimes/workerd.ts"

const username = "demo"
const carto = LocalCarto.layer({ accounts: [{ username, samples: true }], postgis: false })

layer(Layer.mergeAll(carto, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "a pool that requests of a Worker share",
  (it) => {
    it.effect(
      "a Worker with a pool of one key serves every request for two sets of grants, also after aborted requests",
      () =>
        Effect.gen(function* () {
          const { environment } = yield* LocalCarto
          const bundle = yield* Workerd.bundle("test/keys/pool.worker.ts")
          const url = yield* Workerd.serve({ bundle, variables: environment(username) })
          const ask = (parameters: string, signal?: AbortSignal) =>
            fetch(`${url}/?${parameters}`, signal === undefined ? {} : { signal }).then(
              async (response) => `${response.status} ${await response.text()}`,
              () => "aborted"
            )
          const kindOf = (index: number) => (index % 2 === 0 ? "grants=tornadoes" : "grants=reports")
          const atOnce = (count: number) =>
            Effect.promise(() =>
              Promise.all(Array.from({ length: count }, (_, index) => ask(`${kindOf(index)}&hold=5`)))
            )
          const allDone = Array.from({ length: 8 }, () => "200 done")

          assert.deepStrictEqual(yield* atOnce(8), allDone)
          // clients leave while their requests hold the only key, wait for it or create one
          const aborted = yield* Effect.promise(() =>
            Promise.all(
              [10, 100, 200, 400, 800].map((after, index) =>
                ask(`${kindOf(index)}&hold=2000`, AbortSignal.timeout(after))
              )
            )
          )
          assert.deepStrictEqual(new Set(aborted), new Set(["aborted"]))
          assert.deepStrictEqual(yield* atOnce(8), allDone)
          // requests end while they hold the only key or wait for it, and run no finalizers
          const left = yield* Effect.promise(() =>
            Promise.all([0, 1, 2, 3].map((index) => ask(`${kindOf(index)}&hold=600000&leave=${300 * (index + 1)}`)))
          )
          assert.deepStrictEqual(new Set(left), new Set(["200 left"]))
          assert.deepStrictEqual(yield* atOnce(8), allDone)
        })
    )
  }
)
