/** A governor in workerd, where whoever waits in one request must not be woken by another. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
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

layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })("RateGovernor on Workers", (it) => {
  it.effect("is made at the top of a module and shared by requests", () =>
    Effect.gen(function* () {
      const { baseUrl, end } = yield* serve([5, 20, 1])
      const bundle = yield* Workerd.bundle({ contents: worker(baseUrl), resolveDir: root })
      const url = yield* Workerd.serve({ bundle, variables: {} })
      const answers = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Effect.promise(async () => await (await fetch(url)).json()),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        answers,
        answers.map(() => ["success", "success", "success"])
      )
      assert.strictEqual((yield* end).passed, 24)
    })
  )
})
