/** Runs queries in several isolates of a Worker that share a governor through a Durable Object, against one rate limit. */
import * as Effect from "effect/Effect"
import { root } from "../../runtimes/commands.ts"
import * as Workerd from "../../runtimes/workerd.ts"
import { serve, type Workload } from "./measure.ts"

/** One client at the top of the module. A request to `/CALLS` makes so many calls at once. */
const worker = (baseUrl: string) => `
  import { env } from "cloudflare:workers"
  import { connect, sql } from "effect-carto/promise"
  import { inDurableObject, RateGovernorObject } from "effect-carto/rate-limit/durable-object"

  export { RateGovernorObject }
  const carto = connect({
    baseUrl: ${JSON.stringify(baseUrl)},
    apiKey: "a-key",
    transformClient: inDurableObject(env.RATE_GOVERNOR)
  })
  const ask = () => carto.sql.query(sql\`SELECT 1\`).then(() => "success", (error) => error.reason?._tag ?? String(error))

  export default {
    fetch: async (request) =>
      Response.json(await Promise.all(Array.from({ length: Number(new URL(request.url).pathname.slice(1)) }, ask)))
  }`

/** What came of the queries of a workload, whose `processes` are isolates. */
export const measureWorkers = Effect.fnUntraced(function* ({ calls, plan, processes }: Omit<Workload, "pacer">) {
  const { baseUrl, end } = yield* serve(plan)
  const bundle = yield* Workerd.bundle({ contents: worker(baseUrl), resolveDir: root })
  const objects = { RATE_GOVERNOR: "RateGovernorObject" }
  const urls = yield* Workerd.serveAll({ bundle, variables: {}, isolates: processes, objects })
  const results = yield* Effect.forEach(
    urls,
    (url) =>
      Effect.promise(
        async (): Promise<ReadonlyArray<string>> => await (await fetch(`${url}/${calls / processes}`)).json()
      ),
    { concurrency: "unbounded" }
  )
  const { passed, refused, seconds } = yield* end
  const [burst, count, period] = plan
  return {
    errors: results.flat().filter((result) => result !== "success"),
    passed,
    refused,
    seconds,
    used: passed / (burst + 1 + (seconds * count) / period)
  }
}, Effect.scoped)
