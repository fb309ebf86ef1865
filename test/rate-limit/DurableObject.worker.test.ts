/** A governor that isolates of workerd share through a Durable Object. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { serve } from "../bench/governor/measure.ts"
import { root } from "../runtimes/commands.ts"
import * as Workerd from "../runtimes/workerd.ts"

/** One client at the top of the module. A request to `/CALLS` makes so many calls at once; with `?alone`, without the object. */
const worker = (baseUrl: string) => `
  import { env } from "cloudflare:workers"
  import { connect, sql } from "effect-carto/promise"
  import { inDurableObject, RateGovernorObject as Shared } from "effect-carto/rate-limit/durable-object"

  let isDown = false
  export class RateGovernorObject extends Shared {
    fetch(request) {
      return isDown ? new Response("down", { status: 500 }) : super.fetch(request)
    }
  }
  const carto = connect({
    baseUrl: ${JSON.stringify(baseUrl)},
    apiKey: "a-key",
    transformClient: inDurableObject(env.RATE_GOVERNOR),
    retry: false
  })
  const ask = () => carto.sql.query(sql\`SELECT 1\`).then(() => "success", (error) => String(error))

  export default {
    fetch: async (request) => {
      const { pathname, searchParams } = new URL(request.url)
      if (searchParams.has("down")) isDown = searchParams.get("down") === "true"
      return Response.json(await Promise.all(Array.from({ length: Number(pathname.slice(1)) }, ask)))
    }
  }`

const start = Effect.fnUntraced(function* (baseUrl: string, isolates: number) {
  const bundle = yield* Workerd.bundle({ contents: worker(baseUrl), resolveDir: root })
  return yield* Workerd.serveAll({ bundle, variables: {}, isolates, objects: { RATE_GOVERNOR: "RateGovernorObject" } })
})

const ask = (url: string, path: string) =>
  Effect.promise(async (): Promise<ReadonlyArray<string>> => await (await fetch(`${url}${path}`)).json())

layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })("RateGovernorObject", (it) => {
  it.effect("keeps the isolates of a Worker within one limit together", () =>
    Effect.gen(function* () {
      const { baseUrl, end } = yield* serve([10, 20, 1])
      const urls = yield* start(baseUrl, 3)
      const results = yield* Effect.forEach(urls, (url) => ask(url, "/40"), { concurrency: "unbounded" })
      const failed = results.flat().filter((result) => result !== "success")
      const { passed, refused, seconds } = yield* end
      assert.deepStrictEqual([failed, passed, refused], [[], 120, 0])
      // 120 calls, of which 11 may be sent at once, and 20 a second
      assert.isAtMost(seconds, 14)
    })
  )

  it.effect("is done without while it fails", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* serve([10, 20, 1])
      const [url = ""] = yield* start(baseUrl, 1)
      assert.deepStrictEqual(yield* ask(url, "/2"), ["success", "success"])
      assert.deepStrictEqual(yield* ask(url, "/3?down=true"), ["success", "success", "success"])
      assert.deepStrictEqual(yield* ask(url, "/2?down=false"), ["success", "success"])
    })
  )
})
