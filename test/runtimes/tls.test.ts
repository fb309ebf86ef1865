/** TLS servers with a certificate of a private authority, on Node and on Deno. */
import { assert, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Redacted } from "effect"
import { Sql, sql } from "../../src/index.ts"
import * as NodeCarto from "../../src/runtime/node.ts"
import { result } from "../support/scriptedFetch.ts"
import { authority, serve } from "../support/TlsServer.ts"
import { bin, run } from "./commands.ts"

const answer = result({ rows: [{ a: 1 }] })

it.live("Node refuses a server with an unknown certificate authority and accepts it if the authority is given", () =>
  Effect.gen(function* () {
    const host = yield* serve(answer)
    const ask = (ca?: string) =>
      Sql.use((db) => db.query(sql`SELECT 1`)).pipe(
        Effect.match({
          onSuccess: ({ rows }) => String(rows.length),
          onFailure: ({ message, reason }) => `${reason._tag}: ${message}`
        }),
        Effect.provide(NodeCarto.layer({ baseUrl: `${host}/user/demo`, apiKey: Redacted.make("k"), ca }))
      )
    const refused = yield* ask()
    assert.match(refused, /^TransportFailed: .*certificate/i)
    assert.strictEqual(yield* ask(authority), "1")
  })
)

it.live("Deno refuses a server with an unknown certificate authority and accepts it if the authority is given", () =>
  Effect.gen(function* () {
    const host = yield* serve(answer)
    const { stderr, stdout } = yield* run(bin("deno"), [
      "run",
      "--no-prompt",
      "--cached-only",
      `--allow-net=${new URL(host).host}`,
      "test/runtimes/denoTls.ts",
      host,
      authority
    ])
    assert.strictEqual(stdout.trim(), '["TransportFailed",1]', stderr)
  }).pipe(Effect.provide(NodeServices.layer))
)
