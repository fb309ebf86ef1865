/** Runs queries in several processes that share a rate limiter through Redis, against one rate limit. */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { run } from "../../runtimes/commands.ts"
import type { Plan } from "../../support/limitedServer.ts"
import { RedisServer } from "../../support/redis.ts"

export interface Workload {
  readonly plan: Plan
  /** Of all processes. */
  readonly calls: number
  readonly processes: number
  readonly pacer: "effect" | "governor"
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const ClientReport = Schema.fromJsonString(Schema.Struct({ errors: Schema.Array(Schema.String) }))
const ServerReport = Schema.fromJsonString(
  Schema.Struct({ passed: Schema.Finite, refused: Schema.Finite, seconds: Schema.Finite })
)

export const serve = Effect.fnUntraced(function* (plan: Plan) {
  const handle = yield* ChildProcess.make(process.execPath, [file("server.ts"), ...plan.map(String)], {
    stdin: { stream: "pipe" }
  })
  const lines = yield* Stream.toPull(Stream.splitLines(Stream.decodeText(handle.stdout)))
  const [port = ""] = yield* lines
  const end = Effect.gen(function* () {
    yield* Stream.run(Stream.empty, handle.stdin)
    const [report] = yield* lines
    return yield* Schema.decodeUnknownEffect(ServerReport)(report)
  })
  return { baseUrl: `http://127.0.0.1:${port.trim()}/user/alice`, end }
})

export const measure = Effect.fnUntraced(function* ({ calls, pacer, plan, processes }: Workload) {
  const { url } = yield* RedisServer
  const { baseUrl, end } = yield* serve(plan)
  const reports = yield* Effect.forEach(
    Array.from({ length: processes }),
    () =>
      Effect.gen(function* () {
        const args = [file("client.ts"), baseUrl, url, String(calls / processes), pacer]
        const { exitCode, stderr, stdout } = yield* run(process.execPath, args)
        if (exitCode !== 0) return yield* Effect.die(new Error(stderr))
        // a process that did without Redis for a while has logged it before
        return yield* Schema.decodeUnknownEffect(ClientReport)(stdout.trimEnd().split("\n").at(-1))
      }),
    { concurrency: "unbounded" }
  )
  const { passed, refused, seconds } = yield* end
  const [burst, count, period] = plan
  return {
    errors: reports.flatMap(({ errors }) => errors),
    passed,
    refused,
    seconds,
    /** Of what the limit lets pass in that time, its burst included. */
    used: passed / (burst + 1 + (seconds * count) / period)
  }
}, Effect.scoped)
