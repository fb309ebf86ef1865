/**
 * Runs cases of the SQL API over HTTP against the emulator.
 *
 * `node test/conformance/sql/sql.ts FILE [ID-PREFIX]`
 */
import { readFile } from "node:fs/promises"
import { request as httpRequest } from "node:http"
import { setTimeout as delay } from "node:timers/promises"
import * as Effect from "effect/Effect"
import { serve } from "srvx"
import * as TestDatabases from "../../support/databases.ts"
import { clientProblems } from "../clientAnswer.ts"
import type { Fixture } from "./fixture.ts"
import { open } from "./fixture.ts"
import type { Summary } from "../summary.ts"
import { type Answer, type Expectation, problem } from "./match.ts"

interface CaseRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly bodyBase64?: string
  readonly poll?: string
  readonly capture?: Readonly<Record<string, string>>
}

export interface Case {
  readonly id: string
  readonly tags: ReadonlyArray<string>
  readonly given: {
    readonly fixture: string
    readonly note?: string
    readonly resetRateLimits?: boolean
    readonly sql?: ReadonlyArray<string>
    readonly requests?: ReadonlyArray<CaseRequest>
  }
  readonly request: CaseRequest
  readonly expect: Expectation
}

const send = (port: number, request: CaseRequest, variables: ReadonlyMap<string, string>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const body = request.bodyBase64 === undefined ? request.body : Buffer.from(request.bodyBase64, "base64")
    const path = request.path.replace(/\{(\w+)\}/g, (whole, name: string) => variables.get(name) ?? whole)
    const headers: Record<string, string> = { ...request.headers }
    if (body !== undefined) headers["Content-Length"] = String(Buffer.byteLength(body))
    const outgoing = httpRequest(
      { host: "127.0.0.1", port, method: request.method, path, headers, agent: false },
      (incoming) => {
        const chunks: Array<Buffer> = []
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("error", reject)
        incoming.on("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(incoming.headers).map(([name, value]) => [
                name,
                Array.isArray(value) ? value.join(", ") : value
              ])
            ),
            body: Buffer.concat(chunks)
          })
        )
      }
    )
    outgoing.on("error", reject)
    outgoing.end(body)
  })

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined

const jsonOf = (answer: Answer): unknown => {
  try {
    return JSON.parse(answer.body.toString("utf8"))
  } catch {
    return undefined
  }
}

const finalStatuses: ReadonlySet<unknown> = new Set(["done", "failed", "cancelled", "unknown"])

const isReached = (poll: string, answer: Answer): boolean => {
  const json = jsonOf(answer)
  if (poll === "running") return member(json, "status") === "running"
  if (poll.startsWith("rows:")) return member(json, "total_rows") === Number(poll.slice(5))
  const entries = member(member(json, "query"), "query")
  const callbacks = new Set(
    [json, ...(Array.isArray(entries) ? entries : [])].map((one) => member(one, "fallback_status"))
  )
  return finalStatuses.has(member(json, "status")) && !callbacks.has("pending") && !callbacks.has("running")
}

const sendPolling = async (port: number, request: CaseRequest, variables: Map<string, string>): Promise<Answer> => {
  const deadline = Date.now() + 15_000
  for (;;) {
    const answer = await send(port, request, variables)
    if (request.poll === undefined || isReached(request.poll, answer) || Date.now() > deadline) {
      for (const [variable, name] of Object.entries(request.capture ?? {})) {
        variables.set(variable, String(member(jsonOf(answer), name)))
      }
      return answer
    }
    await delay(100)
  }
}

const runCase = async (
  port: number,
  fixture: Fixture,
  { expect, given, request }: Case
): Promise<string | undefined> => {
  const variables = new Map<string, string>()
  if (given.resetRateLimits === true) fixture.resetRateLimits()
  for (const sql of given.sql ?? []) {
    const answer = await send(
      port,
      {
        method: "POST",
        path: "/api/v2/sql",
        headers: { Host: "acme.carto.test", "Content-Type": "application/json" },
        body: JSON.stringify({ q: sql, api_key: "acme_master" })
      },
      variables
    )
    if (answer.status !== 200) return `given sql failed: ${sql}: ${answer.body.toString("utf8")}`
  }
  for (const before of given.requests ?? []) await sendPolling(port, before, variables)
  const answer = await sendPolling(port, request, variables)
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]]
  )
  const recorded = { status: answer.status, headers: Object.fromEntries(headers), body: new Uint8Array(answer.body) }
  const [ofClient] = await clientProblems("sql", recorded)
  return problem(expect, answer) ?? ofClient
}

const skipReason = (one: Case): string | undefined =>
  one.tags.includes("ogr") ? "the format needs GDAL, which the emulator does not have" : undefined

/** Runs the cases of a file, and prints failures and skips. `only` is a prefix of ids. */
export const run: (file: string, kind: TestDatabases.Kind, only?: string) => Promise<Summary> = async (
  file,
  kind,
  only = ""
) => {
  const all: ReadonlyArray<Case> = JSON.parse(await readFile(file, "utf8"))
  const cases = all.filter(({ id }) => id.startsWith(only))
  const counts = { passed: 0, failed: 0, skipped: 0 }
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const fixture = yield* open({ kind, postgis: true })
        const server = yield* Effect.acquireRelease(
          Effect.promise(() =>
            serve({
              port: 0,
              hostname: "127.0.0.1",
              silent: true,
              gracefulShutdown: false,
              fetch: (request) => Effect.runPromise(Effect.tapDefect(fixture.handle(request), Effect.logError))
            }).ready()
          ),
          (server) => Effect.promise(() => server.close(true))
        )
        const port = Number(new URL(server.url ?? "").port)
        for (const one of cases) {
          const reason = skipReason(one)
          if (reason !== undefined) {
            counts.skipped++
            console.log(`skipped ${one.id}: ${reason}`)
            continue
          }
          const found = yield* Effect.promise(() => runCase(port, fixture, one))
          if (found === undefined) counts.passed++
          else {
            counts.failed++
            console.log(`FAILED ${one.id}: ${found}`)
          }
        }
      })
    )
  )
  return counts
}

if (import.meta.main) {
  const [file, only] = process.argv.slice(2)
  if (file === undefined) throw new Error("usage: node test/conformance/sql/sql.ts FILE [ID-PREFIX]")
  const { failed, passed, skipped } = await run(file, TestDatabases.kind, only)
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  process.exitCode = failed === 0 ? 0 : 1
}
