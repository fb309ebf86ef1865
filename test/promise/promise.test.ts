import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { vi } from "vitest"
import { ApiKey, CartoError } from "../../src/index.ts"
import { make } from "../../src/emulator/index.ts"
import {
  type Client,
  connect,
  type ConnectOptions,
  defaultPublic,
  Grants,
  isCartoError,
  reveal,
  sql
} from "../../src/promise/index.ts"
import { batch } from "../../src/promise/batch.ts"
import { copy } from "../../src/promise/copy.ts"
import { keyset } from "../../src/promise/keyset.ts"
import { json, masterToken, result, scriptedFetch, wireKey } from "../support/scriptedFetch.ts"

const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

const collect = async <A>(source: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const elements: Array<A> = []
  for await (const element of source) elements.push(element)
  return elements
}

/** A `fetch` that never responds, and whether its requests were aborted. */
const silent = () => {
  const signals: Array<AbortSignal> = []
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const fetch: typeof globalThis.fetch = (input, init) => {
    const { signal } = new Request(input, init)
    signals.push(signal)
    resolve()
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }))
  }
  return { fetch, asked, aborted: () => signals.map(({ aborted }) => aborted) }
}

const alice = (fetch: typeof globalThis.fetch, options: Partial<ConnectOptions> = {}): Client =>
  connect({ username: "alice", apiKey: masterToken, fetch, ...options })

describe("connect", () => {
  it("connect asks for no key and sends nothing before the first call", async () => {
    const script = scriptedFetch(json(result()))
    const apiKey = vi.fn(async () => "a-token")
    const carto = connect({ username: "alice", apiKey, fetch: script.fetch })
    const { query } = carto.sql
    carto.withApiKey("other")
    assert.deepStrictEqual([apiKey.mock.calls.length, script.asked.length], [0, 0])
    await query(sql`SELECT 1`)
    assert.deepStrictEqual([apiKey.mock.calls.length, script.asked.length], [1, 1])
    assert.strictEqual(script.asked[0]?.headers.get("authorization"), `Basic ${btoa("alice:a-token")}`)
    await query(sql`SELECT 1`)
    assert.strictEqual(apiKey.mock.calls.length, 2)
  })

  it("connect takes the key as text, redacted, or from a function that returns either", async () => {
    for (const apiKey of ["t", Redacted.make("t"), () => "t", async () => Redacted.make("t")]) {
      const script = scriptedFetch(json(result()))
      await alice(script.fetch, { apiKey }).sql.query(sql`SELECT 1`)
      assert.strictEqual(script.asked[0]?.headers.get("authorization"), `Basic ${btoa("alice:t")}`)
    }
  })

  it("a call rejects with InvalidInput for a wrong account, and with CredentialsUnavailable if the key cannot be had", async () => {
    const { fetch } = scriptedFetch(json(result()))
    const wrong = await rejectionOf(
      connect({ baseUrl: "http://alice.carto.com", apiKey: "t", fetch }).sql.query(sql`SELECT 1`)
    )
    assert.isTrue(isCartoError(wrong, "InvalidInput"))
    const away = () => Promise.reject(new Error("away"))
    const missing = await rejectionOf(alice(fetch, { apiKey: away }).keys.whoami())
    assert.isTrue(isCartoError(missing, "CredentialsUnavailable"))
    assert.isFalse(isCartoError(missing, "InvalidInput", "RateLimited"))
  })

  it("neither the error nor the client shows the key", async () => {
    const { fetch } = scriptedFetch(json({ error: ["no"] }, 401))
    const carto = alice(fetch)
    const error = await rejectionOf(carto.sql.query(sql`SELECT 1`))
    assert.isTrue(isCartoError(error, "Unauthenticated"))
    const { inspect } = await import("node:util")
    for (const shown of [
      inspect(error, { depth: 20 }),
      String(error),
      JSON.stringify(error),
      inspect(carto, { depth: 20 })
    ]) {
      assert.notInclude(shown, masterToken)
    }
  })

  it("a call rejects with the same CartoError that Effect programs get", async () => {
    const { fetch } = scriptedFetch(json({ error: ["over"] }, 429, { "retry-after": "3" }))
    const error = await rejectionOf(alice(fetch, { retry: false }).sql.query(sql`SELECT 1`))
    assert.instanceOf(error, CartoError)
    if (!isCartoError(error, "RateLimited")) return assert.fail(String(error))
    assert.strictEqual(error.operation, "Sql.query")
    assert.strictEqual(error.reason.retryAfter?.valueOf(), error.retryAfter?.valueOf())
    assert.isTrue(isCartoError(error))
    assert.isFalse(isCartoError(new Error("RateLimited"), "RateLimited"))
    // as another copy of the library, or another realm, would make it
    assert.isTrue(
      isCartoError({ "~effect-carto/CartoError": true, reason: { _tag: "RateLimited" } }, "RateLimited", "SqlSyntax")
    )
  })
})

describe("abort", () => {
  it("an aborted call rejects with the signal's reason, and its request is aborted", async () => {
    const server = silent()
    const controller = new AbortController()
    const call = rejectionOf(alice(server.fetch).sql.query(sql`SELECT 1`, {}, { signal: controller.signal }))
    await server.asked
    const reason = new Error("enough")
    controller.abort(reason)
    assert.strictEqual(await call, reason)
    assert.deepStrictEqual(server.aborted(), [true])
  })

  it("a call with an aborted signal sends nothing", async () => {
    const script = scriptedFetch(json(result()))
    const carto = alice(script.fetch)
    const signal = AbortSignal.abort(new Error("before"))
    for (const call of [
      () => carto.keys.create({ name: "a" }, { signal }),
      () => carto.keys.get("a", {}, { signal }),
      () => carto.keys.getOption("a", {}, { signal }),
      () => carto.keys.list({}, { signal }),
      () => collect(carto.keys.stream({}, { signal })),
      () => carto.keys.regenerate("a", {}, { signal }),
      () => carto.keys.delete("a", {}, { signal }),
      () => carto.keys.whoami({ signal }),
      () => carto.keys.isValid("a", { signal }),
      () => carto.sql.query(sql`SELECT 1`, {}, { signal }),
      () => collect(carto.sql.stream(sql`SELECT 1`, { over: copy }, { signal })),
      () => carto.sql.export(sql`SELECT 1`, { format: "csv" }, { signal }),
      () => collect(copy(carto).to(sql`COPY t TO STDOUT`, { signal })),
      () => collect(copy(carto).toRows(sql`SELECT 1`, {}, { signal })),
      () => copy(carto).from(sql`COPY t FROM STDIN`, "1\n", {}, { signal }),
      () => collect(copy(carto).progress(sql`COPY t FROM STDIN`, "1\n", {}, { signal })),
      () => copy(carto).fromRows({ table: "t", columns: ["a"] }, [{ a: 1 }], {}, { signal }),
      () => batch(carto).create(sql`SELECT 1`, { signal }),
      () => batch(carto).get("id", { signal }),
      () => batch(carto).cancel("id", { signal }),
      () => batch(carto).wait("id", {}, { signal }),
      () => collect(batch(carto).watch("id", {}, { signal })),
      () => batch(carto).run(sql`SELECT 1`, {}, { signal })
    ]) {
      assert.strictEqual(await rejectionOf(call()), signal.reason, String(call))
    }
    assert.deepStrictEqual(script.asked, [])
  })

  it("cancels the job of batch.run before it rejects", async () => {
    const job = {
      job_id: "j",
      status: "pending",
      user: "alice",
      query: "SELECT 1",
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z"
    }
    const controller = new AbortController()
    const asked: Array<string> = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const { method, url } = new Request(input, init)
      asked.push(`${method} ${new URL(url).pathname}`)
      if (method === "GET") controller.abort(new Error("enough"))
      return json(method === "DELETE" ? { ...job, status: "cancelled" } : job, method === "POST" ? 201 : 200)
    }
    const error = await rejectionOf(batch(alice(fetch)).run(sql`SELECT 1`, {}, { signal: controller.signal }))
    assert.strictEqual(error, controller.signal.reason)
    assert.deepStrictEqual(asked, ["POST /api/v2/sql/job", "GET /api/v2/sql/job/j", "DELETE /api/v2/sql/job/j"])
  })

  it("closing a client aborts its calls, and later calls reject", async () => {
    const server = silent()
    let left: Client
    let call: Promise<unknown>
    {
      await using carto = alice(server.fetch)
      left = carto
      call = rejectionOf(carto.withApiKey("other").sql.query(sql`SELECT 1`))
      await server.asked
    }
    assert.deepStrictEqual(server.aborted(), [true])
    const late = rejectionOf(left.sql.query(sql`SELECT 1`))
    for (const error of [await call, await late]) {
      assert.deepInclude(error, { name: "AbortError", message: "the client is closed" })
    }
    assert.deepStrictEqual(server.aborted().length, 1)
  })
})

describe("streams", () => {
  /** Rows of COPY without end; says when it is no longer read. */
  const endless = () => {
    let cancelled = false
    let sent = 0
    const line = new TextEncoder().encode("1\n")
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const { url } = new Request(input, init)
      if (new URL(url).pathname === "/api/v2/sql")
        return json(result({ fields: { n: { type: "number", pgtype: "int4" } } }))
      return new Response(
        new ReadableStream({
          pull: (controller) => {
            sent++
            controller.enqueue(line)
          },
          cancel: () => {
            cancelled = true
          }
        })
      )
    }
    return { fetch, state: () => ({ cancelled, few: sent < 1000 }) }
  }

  it("a stream reads no more than the iteration asks for, and leaving it ends the request", async () => {
    const server = endless()
    for await (const row of alice(server.fetch).sql.stream(sql`SELECT 1 AS n`, { over: copy })) {
      assert.deepStrictEqual(row, { n: 1 })
      break
    }
    assert.deepStrictEqual(server.state(), { cancelled: true, few: true })
  })

  it("canceling the ReadableStream of COPY ends the request", async () => {
    const server = endless()
    const reader = copy(alice(server.fetch))
      .to(sql`COPY t TO STDOUT`)
      .getReader()
    assert.isAbove((await reader.read()).value?.length ?? 0, 0)
    await reader.cancel()
    assert.deepStrictEqual(server.state(), { cancelled: true, few: true })
  })

  it("an iteration can be left while an element is being read", async () => {
    const server = silent()
    const iterator = alice(server.fetch).keys.stream()[Symbol.asyncIterator]()
    const next = rejectionOf(iterator.next())
    await server.asked
    await iterator.return?.()
    assert.deepInclude(await next, { name: "AbortError" })
    assert.deepStrictEqual(server.aborted(), [true])
  })

  it("keys.stream reads page by page while the iteration asks for keys", async () => {
    const page = (name: string) =>
      json({ result: [wireKey({ name })], total: 3, count: 1, _links: { next: { href: "/?page=2" } } })
    const script = scriptedFetch(page("a"), page("b"), page("c"))
    const names: Array<string> = []
    for await (const { name } of alice(script.fetch).keys.stream({ pageSize: 1 })) {
      names.push(name)
      if (name === "b") break
    }
    assert.deepStrictEqual([names, script.asked.length], [["a", "b"], 2])
  })
})

describe("on the embedded CARTO", () => {
  const withDemo = (use: (carto: Client) => Promise<void>) =>
    Effect.gen(function* () {
      const { account, fetch } = yield* make({ accounts: [{ username: "demo", samples: true }], postgis: false })
      const { baseUrl, masterKey } = yield* Effect.fromNullishOr(account("demo"))
      yield* Effect.promise(() => use(connect({ baseUrl, apiKey: masterKey, fetch })))
    })

  it.effect("the promise client runs the guide, COPY in both directions and a batch job", () =>
    withDemo(async (carto) => {
      const { keys } = carto
      assert.strictEqual((await keys.whoami()).type, "master")
      const key = await keys.create({ name: "tornadoes", tables: [Grants.table("tornadoes", ["select"])] })
      assert.instanceOf(key, ApiKey)
      const reader = carto.withApiKey(key)
      const { rows } = await reader.sql.query(sql`SELECT count(*)::int AS n FROM tornadoes WHERE year > ${2000}`, {
        schema: Schema.Struct({ n: Schema.Int })
      })
      assert.isAbove(rows[0]?.n ?? 0, 0)
      assert.isTrue(isCartoError(await rejectionOf(reader.sql.query(sql`DELETE FROM tornadoes`)), "PermissionDenied"))
      const anyone = carto.withApiKey(defaultPublic)
      assert.isTrue(isCartoError(await rejectionOf(anyone.sql.query(sql`TABLE tornadoes`)), "PermissionDenied"))

      assert.isTrue(await keys.isValid(key))
      const next = await keys.regenerate("tornadoes")
      assert.deepStrictEqual([await keys.isValid(reveal(key)), await keys.isValid(reveal(next))], [false, true])
      assert.deepStrictEqual(
        (await keys.list({ type: "regular" })).map(({ name }) => name),
        ["tornadoes"]
      )
      assert.strictEqual((await keys.get("tornadoes")).name, "tornadoes")
      await keys.delete(next)
      assert.strictEqual(await keys.getOption("tornadoes"), undefined)
      assert.isTrue(isCartoError(await rejectionOf(keys.get("tornadoes")), "ApiKeyNotFound"))

      await carto.sql.query(sql`CREATE TABLE places (id int, name text)`)
      const places = copy(carto)
      const target = { table: "places", columns: ["id", "name"] } as const
      assert.strictEqual((await places.fromRows(target, [{ id: 1, name: "a\tb" }])).rows, 1)
      const into = sql`COPY places FROM STDIN`
      const bytes = (text: string) => new TextEncoder().encode(text)
      async function* chunks() {
        yield bytes("5\te\n")
      }
      for (const data of [
        "2\tb\n",
        bytes("3\tc\n"),
        new Blob(["4\td\n"]),
        chunks(),
        new Blob(["6\tf\n"]).stream(),
        [bytes("7\tg\n")]
      ]) {
        assert.strictEqual((await places.from(into, data)).rows, 1)
      }
      assert.strictEqual((await collect(places.progress(into, "8\th\n"))).at(-1)?.result?.rows, 1)
      const own = new Error("the file is gone")
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield bytes("9\ti\n")
        throw own
      }
      assert.strictEqual(await rejectionOf(places.from(into, broken())), own)

      const names = await collect(
        carto.sql.stream(sql`SELECT * FROM places ORDER BY id`, {
          over: copy,
          schema: Schema.Struct({ id: Schema.Int, name: Schema.String })
        })
      )
      assert.deepStrictEqual(
        names.map(({ name }) => name),
        ["a\tb", "b", "c", "d", "e", "f", "g", "h"]
      )
      const byKey = await collect(
        keyset(carto).stream(sql`SELECT * FROM places`, {
          by: "id",
          pageSize: 3,
          order: "desc",
          schema: Schema.Struct({ id: Schema.Int, name: Schema.String })
        })
      )
      assert.deepStrictEqual(byKey, names.toReversed())
      const repeated = rejectionOf(collect(keyset(carto).stream(sql`SELECT 1 AS id FROM places`, { by: "id" })))
      assert.isTrue(isCartoError(await repeated, "RowKeyNotUnique"))
      assert.strictEqual(
        await new Response(places.to(sql`COPY (SELECT id FROM places WHERE id < 3 ORDER BY id) TO STDOUT`)).text(),
        "1\n2\n"
      )
      const file = await carto.sql.export(sql`SELECT id, name FROM places WHERE id = 2`, { format: "csv" })
      assert.deepStrictEqual(
        [file.filename, await new Response(file.bytes).text()],
        ["cartodb-query.csv", "id,name\r\n2,b\r\n"]
      )

      const jobs = batch(carto)
      assert.strictEqual((await jobs.run(sql`DELETE FROM places WHERE id > ${1}`)).status, "done")
      assert.strictEqual((await carto.sql.query(sql`TABLE places`)).totalRows, 1)
      const job = await jobs.create([sql`SELECT 1`, sql`SELECT nonsense`])
      assert.isTrue(isCartoError(await rejectionOf(jobs.wait(job)), "JobFailed"))
      assert.strictEqual((await collect(jobs.watch(job))).at(-1)?.status, "failed")
    })
  )
})
