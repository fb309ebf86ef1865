/** A governor in workerd, where a fiber that waits in one request must not be woken by another. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { serve } from "../bench/governor/measure.ts"
import { root } from "../runtimes/commands.ts"
import * as Workerd from "../runtimes/workerd.ts"

/** One client at the top of the module. Each request to the Worker makes three calls. */
const worker = (baseUrl: string) => `
  import { connect, sql } from "effect-carto/promise"
  import { inMemory } from "effect-carto/RateGovernor"

  const carto = connect({ baseUrl: ${JSON.stringify(baseUrl)}, apiKey: "a-key", transformClient: inMemory(), retry: false })
  const ask = () => carto.sql.query(sql\`SELECT 1\`).then(() => "success", (error) => String(error))

  export default { fetch: async () => Response.json(await Promise.all([ask(), ask(), ask()])) }`

const bundled = (baseUrl: string) => Workerd.bundle({ contents: worker(baseUrl), resolveDir: root })

const successes = ["success", "success", "success"]

layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })("RateGovernor on Workers", (it) => {
  it.effect("is made at the top of a module and shared by requests", () =>
    Effect.gen(function* () {
      const { baseUrl, end } = yield* serve([5, 20, 1])
      const url = yield* Workerd.serve({ bundle: yield* bundled(baseUrl), variables: {} })
      const responses = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Effect.promise(async () => await (await fetch(url)).json()),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        responses,
        responses.map(() => successes)
      )
      assert.strictEqual((yield* end).passed, 24)
    })
  )

  it.effect("continues after requests that were aborted while their calls waited", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* serve([5, 10, 1])
      const url = yield* Workerd.serve({ bundle: yield* bundled(baseUrl), variables: {} })
      const ask = (signal?: AbortSignal) =>
        Effect.promise(async () => {
          const response = await fetch(url, signal === undefined ? {} : { signal })
          return await response.json()
        }).pipe(Effect.exit)
      const aborted = Array.from({ length: 12 }, (_, index) => ask(AbortSignal.timeout(20 + 40 * index)))
      const kept = Array.from({ length: 4 }, () => ask())
      const exits = yield* Effect.all([...aborted, ...kept], { concurrency: "unbounded" })
      assert.isAbove(exits.filter(Exit.isFailure).length, 4)
      for (const exit of exits.slice(-4)) assert.deepStrictEqual(exit, Exit.succeed(successes))
      // later requests find no call of the lost ones in their way
      assert.deepStrictEqual(yield* ask(), Exit.succeed(successes))
    })
  )
})
