/** Clients on Node, Deno, Bun and workerd against a hostile server: redirects, truncated responses and endless bodies. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { bin, run } from "../runtimes/commands.ts"
import * as Workerd from "../runtimes/workerd.ts"
import { result } from "../support/scriptedFetch.ts"
import type { Fault } from "./Fault.ts"
import { faults } from "./kinds/index.ts"
import * as Proxy from "./Proxy.ts"
import type { Seen } from "./runtimes/scenario.ts"

const named = (...names: ReadonlyArray<string>): ReadonlyArray<Fault> =>
  names.flatMap((name) => faults.filter((fault) => fault.name === name))

const redirects = named(...[301, 302, 303, 307, 308].map((status) => `${status} to another origin`))
const truncated = named(
  "body shorter than its content-length",
  "chunks without their end",
  "reset within the body",
  "half a body, ended by the connection alone",
  "silence within the body",
  "no answer, though the server did it"
)
const endless = named("a body without end", "rows without end")
/** Each runtime makes something else of them, but none a success. */
const odd = named(
  "a gzip bomb",
  "a head without end",
  "a chunk whose size is no number",
  "the answer 100,000 deep",
  "an error 100,000 deep",
  "no HTTP at all",
  "101 that nobody asked for",
  "304 that nobody asked for",
  "999"
)
const all = [...redirects, ...truncated, ...endless, ...odd]
const accounts = all.map(({ name }, index) => `${/^(?:silence|no answer)/.test(name) ? "silent" : "f"}${index}`)

const canned = async (request: Request): Promise<Response> =>
  request.url.includes("/copyto")
    ? new Response("one\ntwo\nthree\n")
    : Response.json(result({ rows: [{ a: 1 }, { a: 2 }] }))

const check = (seen: Seen): void => {
  for (const [index, { name }] of all.entries()) {
    const [query = "", write = "", stream = ""] = seen[index] ?? []
    if (index < redirects.length) {
      assert.deepStrictEqual([query, stream], ["RedirectRefused", "RedirectRefused"], name)
      assert.include(["OutcomeUnknown", "RedirectRefused"], write, name)
    } else if (index < redirects.length + truncated.length) {
      assert.include(["DeadlineExceeded", "ResponseMalformed", "TransportFailed"], query, name)
      assert.strictEqual(write, "OutcomeUnknown", name)
      assert.include(["CopyTruncated", "DeadlineExceeded", "TransportFailed"], stream, name)
    } else if (index < all.length - odd.length) {
      assert.deepStrictEqual([query, write], ["ResponseTooLarge", "OutcomeUnknown"], name)
    } else {
      assert.notInclude([query, write], "success", name)
    }
  }
}

layer(NodeServices.layer, { excludeTestServices: true, timeout: "60 seconds" })("a hostile server", (it) => {
  const server = Proxy.make({
    server: canned,
    plan: ({ target }) => {
      const fault = all[Number(/^\/user\/\D+(\d+)\//.exec(target)?.[1])]
      return fault?.treat === "refuse" ? undefined : fault?.treat
    }
  })

  for (const [runtime, transport, ...args] of [
    ["node", "fetch", "--max-old-space-size=96"],
    ["node", "undici", "--max-old-space-size=96"],
    ["deno", "fetch", "run", "--no-prompt", "--cached-only", "--allow-net=127.0.0.1"],
    ["bun", "fetch"]
  ] as const) {
    it.effect(`${runtime} reports the faults of a hostile server over ${transport}`, () =>
      Effect.gen(function* () {
        const { strayed, url } = yield* server
        const { exitCode, stderr, stdout } = yield* run(bin(runtime), [
          ...args,
          `test/faults/runtimes/${transport}.ts`,
          url,
          accounts.join()
        ])
        assert.deepStrictEqual([exitCode, stderr], [0, ""], stdout)
        check(JSON.parse(stdout))
        assert.strictEqual(strayed(), 0)
      })
    )
  }

  it.effect("workerd reports the faults of a hostile server", () =>
    Effect.gen(function* () {
      const { strayed, url } = yield* server
      const bundle = yield* Workerd.bundle("test/faults/runtimes/worker.ts")
      const worker = yield* Workerd.serve({ bundle, variables: { URL: url, ACCOUNTS: accounts.join() } })
      const seen: Seen = yield* Effect.promise(() => fetch(worker).then((response) => response.json()))
      check(seen)
      assert.strictEqual(strayed(), 0)
    })
  )
})
