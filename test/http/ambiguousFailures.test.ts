/** Writes whose responses are lost, on the embedded CARTO: the caller gets the result that the server has. */
import { assert, layer } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import {
  type ApiKey,
  ApiKeyManager,
  type AuthOptions,
  BatchSql,
  type Carto,
  type CartoError,
  CopySql,
  Grants,
  Sql,
  sql
} from "../../src/index.ts"
import { layerEmbedded, servicesOver } from "../support/embedded.ts"

type Loss = "never sent" | "reset" | "busy" | "HTML"
type Call = Effect.Effect<unknown, CartoError, Carto.CartoServices>

/** Loses the first answers to requests of a method, each after the server did what it was asked, unless it was never sent. */
const losing = (losses: ReadonlyArray<Loss>, method = "POST") =>
  Effect.map(Emulator, ({ fetch }) => {
    const left = [...losses]
    const sent: Array<string> = []
    const lose: typeof fetch = async (input, init) => {
      const request = new Request(input, init)
      sent.push(`${request.method} ${new URL(request.url).pathname.replace(/^\/(?:user|u)\/\w+/, "")}`)
      const loss = request.method === method ? left.shift() : undefined
      if (loss === "never sent") throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") })
      const answer = await fetch(input, init)
      if (loss === undefined) return answer
      await answer.text()
      if (loss === "reset") throw new TypeError("fetch failed", { cause: new Error("other side closed") })
      return new Response("<html>", { status: loss === "busy" ? 504 : 200 })
    }
    return { fetch: lose, sent }
  })

/** What a call ends with, as its value or the tag of its reason, and the requests it sent. */
const outcome = <A>(
  call: Effect.Effect<A, CartoError, Carto.CartoServices>,
  losses: ReadonlyArray<Loss>,
  options: Partial<AuthOptions> & { readonly method?: string } = {}
) =>
  Effect.gen(function* () {
    const { fetch, sent } = yield* losing(losses, options.method)
    const end = yield* call.pipe(
      Effect.match({ onSuccess: (value) => value, onFailure: ({ reason }) => reason._tag }),
      // no waiting between repetitions
      Effect.provide(
        servicesOver(fetch, { retry: ({ attempt, isSafe }) => (isSafe && attempt < 4 ? 0 : undefined), ...options })
      )
    )
    return { end, sent }
  })

const tokenOf = (key: unknown): string | undefined =>
  typeof key === "object" && key !== null && "token" in key && Redacted.isRedacted(key.token)
    ? String(Redacted.value(key.token))
    : undefined

const named = (name: string) => ApiKeyManager.use((keys) => keys.get(name))
const grants = { tables: [Grants.table("tornadoes", ["select"])] }
const create = (name: string) => ApiKeyManager.use((keys) => keys.create({ name, ...grants }))

const losses: ReadonlyArray<ReadonlyArray<Loss>> = [
  ["reset"],
  ["busy"],
  ["HTML"],
  ["never sent", "reset"],
  ["reset", "reset"]
]

layer(layerEmbedded({ postgis: false, accounts: [{ username: "demo", samples: true }] }))("a lost response", (it) => {
  for (const lost of losses) {
    it.effect(`create returns the key that it made if the response is lost: ${lost.join(", ")}`, () =>
      Effect.gen(function* () {
        const name = `made after ${lost.join(", ")}`
        const { end } = yield* outcome(create(name), lost)
        const key = yield* named(name)
        assert.strictEqual(tokenOf(end), Redacted.value(key.token))
        const all = yield* ApiKeyManager.use((keys) => keys.list({ type: "regular" }))
        assert.strictEqual(all.filter((one) => one.name === name).length, 1)
      })
    )
  }

  it.effect("create returns the key of a request that arrives at the server after the client gave it up", () =>
    Effect.gen(function* () {
      const { fetch } = yield* Emulator
      const late: Array<Request> = []
      const overtaking: typeof fetch = async (input, init) => {
        const request = new Request(input, init)
        if (request.method !== "POST") return await fetch(request)
        if (late.push(request.clone()) === 1) throw new TypeError("terminated")
        if (late[0] !== undefined) await fetch(late[0])
        return await fetch(request)
      }
      const key = yield* create("late").pipe(
        Effect.provide(servicesOver(overtaking, { retry: ({ isSafe }) => (isSafe ? 0 : undefined) }))
      )
      assert.deepStrictEqual(key, yield* named("late"))
    })
  )

  it.effect("create lists the keys before it retries, and does not change the key of another caller", () =>
    Effect.gen(function* () {
      const other = yield* ApiKeyManager.use((keys) =>
        keys.create({ name: "another's", tables: [Grants.table("tornadoes", ["select", "delete"])] })
      )
      const { end, sent } = yield* outcome(create("another's"), ["reset"])
      assert.strictEqual(end, "ApiKeyNameTaken")
      assert.deepStrictEqual(sent, ["POST /api/v3/api_keys", "GET /api/v3/api_keys/another's"])
      assert.deepStrictEqual(yield* named("another's"), other)
    })
  )

  it.effect("create does not return a key with fewer APIs than requested", () =>
    Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) => keys.create({ name: "maps only", apis: ["maps"], ...grants }))
      assert.strictEqual((yield* outcome(create("maps only"), ["reset"])).end, "ApiKeyNameTaken")
    })
  )

  it.effect("create fails with OutcomeUnknown if it cannot list the keys", () =>
    Effect.gen(function* () {
      const { fetch } = yield* Emulator
      const unreachable: typeof fetch = async (input, init) => {
        if (new Request(input, init).method === "POST") await fetch(input, init)
        throw new TypeError("terminated")
      }
      const error = yield* Effect.flip(create("unseen")).pipe(
        Effect.provide(servicesOver(unreachable, { retry: false }))
      )
      assert.strictEqual(error.reason._tag, "OutcomeUnknown")
      assert.include(error.message, "terminated")
      assert.isFalse(error.isRetryable)
    })
  )

  for (const lost of losses) {
    it.effect(`regenerate reads the new token from the server if the response is lost: ${lost.join(", ")}`, () =>
      Effect.gen(function* () {
        const name = `regenerated after ${lost.join(", ")}`
        const before: ApiKey = yield* create(name)
        const { end, sent } = yield* outcome(
          ApiKeyManager.use((keys) => keys.regenerate(before)),
          lost
        )
        const now = yield* named(name)
        assert.strictEqual(tokenOf(end), Redacted.value(now.token))
        assert.notStrictEqual(Redacted.value(now.token), Redacted.value(before.token))
        // never a second time where the first has taken place
        assert.strictEqual(sent.filter((line) => line.startsWith("POST")).length, lost[0] === "never sent" ? 2 : 1)
      })
    )
  }

  it.effect("regenerate by name is retried, and the old token is refused", () =>
    Effect.gen(function* () {
      const before = yield* create("by name")
      const { end } = yield* outcome(
        ApiKeyManager.use((keys) => keys.regenerate("by name")),
        ["reset"]
      )
      assert.strictEqual(tokenOf(end), Redacted.value((yield* named("by name")).token))
      assert.isFalse(yield* ApiKeyManager.use((keys) => keys.isValid(before)))
    })
  )

  const insert = sql`INSERT INTO lost_rows VALUES (1)`
  const rows = Sql.use((db) => Effect.map(db.query(sql`SELECT n FROM lost_rows`), (found) => found.rows.length))
  const writes: ReadonlyArray<readonly [name: string, call: Call, requests: number]> = [
    ["a statement that writes", Sql.use((db) => db.query(insert)), 1],
    [
      "an upload",
      CopySql.use((copy) => copy.from(sql`COPY lost_rows FROM STDIN`, Stream.make(new TextEncoder().encode("1\n")))),
      1
    ]
  ]
  for (const lost of ["reset", "busy", "HTML"] as const) {
    for (const [name, call, requests] of writes) {
      it.effect(`${name} is not retried if the response is lost: ${lost}`, () =>
        Effect.gen(function* () {
          yield* Sql.use((db) => db.query(sql`DROP TABLE IF EXISTS lost_rows; CREATE TABLE lost_rows (n int)`))
          const { end, sent } = yield* outcome(call, [lost])
          assert.deepStrictEqual([end, sent.length, yield* rows], ["OutcomeUnknown", requests, 1])
        })
      )
    }
    it.effect(`a batch job is not created twice if the response is lost: ${lost}`, () =>
      Effect.gen(function* () {
        const { end, sent } = yield* outcome(
          BatchSql.use((jobs) => jobs.create(sql`SELECT 1`)),
          [lost]
        )
        assert.deepStrictEqual([end, sent.length], ["OutcomeUnknown", 1])
      })
    )
  }

  it.effect("a statement that was never sent is retried", () =>
    Effect.gen(function* () {
      yield* Sql.use((db) => db.query(sql`DROP TABLE IF EXISTS lost_rows; CREATE TABLE lost_rows (n int)`))
      const { sent } = yield* outcome(
        Sql.use((db) => db.query(insert)),
        ["never sent", "never sent"]
      )
      assert.deepStrictEqual([sent.length, yield* rows], [3, 1])
    })
  )

  it.effect("a read-only statement is retried", () =>
    Effect.gen(function* () {
      const { end, sent } = yield* outcome(
        Sql.use((db) => Effect.map(db.query(sql`SELECT count(*)::int AS n FROM tornadoes`), ({ rows }) => rows.length)),
        ["reset", "busy"]
      )
      assert.deepStrictEqual([end, sent.length], [1, 3])
    })
  )

  it.effect("a delete and a cancellation succeed if they took place and their response is lost", () =>
    Effect.gen(function* () {
      const key = yield* create("deleted")
      const deleted = yield* outcome(
        ApiKeyManager.use((keys) => keys.delete(key)),
        ["reset"],
        { method: "DELETE" }
      )
      assert.deepStrictEqual([deleted.end, deleted.sent.length], [undefined, 2])
      const job = yield* BatchSql.use((jobs) => jobs.create(sql`SELECT pg_sleep(60)`))
      const cancelled = yield* outcome(
        BatchSql.use((jobs) => Effect.map(jobs.cancel(job), ({ status }) => status)),
        ["reset"],
        { method: "DELETE" }
      )
      assert.strictEqual(cancelled.end, "cancelled")
    })
  )
})
