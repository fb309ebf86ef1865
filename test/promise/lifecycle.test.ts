import { Effect } from "effect"
import { assert, test as base } from "vitest"
import { Emulator } from "../../src/emulator/index.ts"
import { type Client, connect, defaultPublic, isCartoError, reveal } from "../../src/promise/index.ts"
import { isUnchanged, leases, plans, toText, rotation } from "../../src/promise/lifecycle.ts"
import { openPool } from "../../src/promise/pool.ts"
import { accountFixture, Grants, serverFixture, sql } from "../../src/testing/index.ts"

const tables = [Grants.table("places", ["select"])]
const test = base
  .extend("cartoServer", { scope: "worker" }, serverFixture())
  .extend("carto", accountFixture({ seed: sql`CREATE TABLE places (id int)`, keys: { reader: { tables } } }))

const places = sql`SELECT * FROM places`
const names = (keys: ReadonlyArray<{ readonly name: string }>) => keys.map(({ name }) => name)
const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

test("the key of a lease is deleted when the lease is disposed of", async ({ carto: { client } }) => {
  let left
  {
    await using lease = await leases(client).lease({ purpose: "report", tables })
    left = lease
    assert.strictEqual((await lease.client.sql.query(places)).totalRows, 0)
    assert.isTrue(isCartoError(await rejectionOf(lease.client.sql.query(sql`DELETE FROM places`)), "PermissionDenied"))
  }
  assert.isTrue(isCartoError(await rejectionOf(left.client.sql.query(places)), "Unauthenticated"))
  assert.deepStrictEqual(names(await client.keys.list({ type: "regular" })), ["reader"])
})

test("withLease deletes its key whether the function resolves, rejects or outlives the lease", async ({
  carto: { client }
}) => {
  const options = { purpose: "report", tables }
  const { withLease } = leases(client)
  assert.strictEqual(await withLease(options, async (own) => (await own.sql.query(places)).totalRows), 0)
  const mine = new Error("mine")
  assert.strictEqual(await rejectionOf(withLease(options, () => Promise.reject(mine))), mine)
  let signal: AbortSignal | undefined
  const endless = (_: unknown, given: AbortSignal) => {
    signal = given
    return new Promise<never>(() => {})
  }
  assert.isTrue(isCartoError(await rejectionOf(withLease({ ...options, ttl: "1 millis" }, endless)), "LeaseExpired"))
  assert.isTrue(signal?.aborted)
  assert.deepStrictEqual(names(await client.keys.list({ type: "regular" })), ["reader"])
  assert.deepStrictEqual(await leases(client).sweep(), { deleted: [], refused: [] })
})

test("a lease whose call is aborted while its key is made leaves no key", async ({ carto }) => {
  const { client } = carto
  const controller = new AbortController()
  const aborting: typeof fetch = async (input, init) => {
    const response = await carto.fetch(input, init)
    if (new Request(input, init).method === "POST") controller.abort(new Error("enough"))
    return response
  }
  await using own = connect({ baseUrl: carto.baseUrl, apiKey: carto.masterKey, fetch: aborting })
  const call = leases(own).lease({ purpose: "report", tables }, { signal: controller.signal })
  assert.strictEqual(await rejectionOf(call), controller.signal.reason)
  assert.deepStrictEqual(names(await client.keys.list({ type: "regular" })), ["reader"])
})

test("a pool shares leases, and deletes their keys when it is disposed of", async ({ carto: { client } }) => {
  const regular = async () => names(await client.keys.list({ type: "regular" })).filter((name) => name !== "reader")
  {
    await using pool = await openPool(client, { purpose: "pool", capacity: 2 })
    let first
    {
      await using one = await pool.get({ tables })
      await using same = await pool.get({ tables })
      first = one.key.name
      assert.strictEqual(same.key.name, first)
      assert.strictEqual((await one.client.sql.query(places)).totalRows, 0)
      await pool.invalidate(one)
      await using other = await pool.get({ tables })
      assert.notStrictEqual(other.key.name, first)
    }
    const used = await pool.withLease({ tables }, async (own) => (await own.keys.whoami()).name)
    assert.deepStrictEqual(await regular(), [used])
    await client.keys.delete(used)
    const refused = await rejectionOf(pool.withLease({ tables }, (own) => own.sql.query(places)))
    assert.isTrue(isCartoError(refused, "Unauthenticated"))
    assert.strictEqual((await pool.withLease({ tables }, (own) => own.sql.query(places))).totalRows, 0)
    const signal = AbortSignal.abort(new Error("before"))
    assert.strictEqual(await rejectionOf(pool.get({ tables }, { signal })), signal.reason)
    assert.strictEqual(
      await rejectionOf(pool.withLease({ tables }, () => assert.fail("it ran"), { signal })),
      signal.reason
    )
    const impossible = pool.get({ tables: [Grants.table("nowhere", ["select"])] })
    assert.isTrue(isCartoError(await rejectionOf(impossible), "GrantNotHeld"))
  }
  assert.deepStrictEqual(await regular(), [])
})

test("rotate publishes and verifies the new key, and deletes the old one", async ({ carto }) => {
  const { client } = carto
  const store: Array<string> = []
  const next = await rotation(client).rotate("reader", {
    publish: async (key) => store.push(reveal(key)),
    verify: (own) => own.sql.query(places),
    grace: 0
  })
  assert.deepStrictEqual(store, [reveal(next)])
  assert.isFalse(await client.keys.isValid(carto.key("reader")))
  assert.deepStrictEqual((await rotation(client).current("reader")).name, next.name)

  const wrong = new Error("does not serve")
  const failed = rotation(client).rotate("reader", {
    publish: async () => {},
    verify: () => Promise.reject(wrong),
    grace: 0
  })
  assert.strictEqual(await rejectionOf(failed), wrong)
  assert.isTrue(await client.keys.isValid(next))
  const kept = await rotation(client).abandon("reader", { publish: async () => {}, grace: 0 })
  assert.strictEqual(reveal(kept), reveal(next))
})

test("apply makes the keys what the desired keys say", async ({ carto: { client } }) => {
  const { apply, plan } = plans(client)
  const desired = { prefix: "app ", keys: [{ name: "app viewer", tables }] }
  const published: Array<string> = []
  const { keys } = await apply(await plan(desired), {
    publish: async ({ name }) => published.push(name),
    grace: 0
  })
  const viewer = keys.get("app viewer")
  assert.deepStrictEqual(
    await plans(client).fromJsonc(`{
      "prefix": "app ", // the keys of this application
      "keys": [{ "name": "app viewer", "tables": [{ "name": "places", "permissions": ["select"] }] }]
    }`),
    desired
  )
  const malformed = await rejectionOf(plans(client).fromJsonc('{ "prefix": "app ", "keys": [{ "nam": "a" }] }'))
  assert.isTrue(isCartoError(malformed, "InvalidInput"))
  assert.include(String(malformed), "keys.0.nam")
  assert.strictEqual(
    toText(await plan({ ...desired, keys: [] }))
      .split("\n")
      .at(-1),
    "Plan: 1 to delete."
  )
  assert.deepStrictEqual(published, [viewer?.name])
  assert.isTrue(isUnchanged(await plan(desired)))
})

test("an owner rotates and plans the keys of another member of the organization", () =>
  Effect.gen(function* () {
    const { account, fetch } = yield* Emulator
    const [olga, mary] = yield* Effect.all([
      Effect.fromNullishOr(account("olga")),
      Effect.fromNullishOr(account("mary"))
    ])
    yield* Effect.promise(async () => {
      const at = (name: string) => ({ baseUrl: `https://acme.carto.com/u/${name}`, fetch })
      await using admin = connect({ ...at("olga"), apiKey: olga.masterKey })
      await using own = connect({ ...at("mary"), apiKey: mary.masterKey })
      await using anybody = connect({ ...at("mary"), apiKey: defaultPublic })
      await own.sql.query(sql`CREATE TABLE places (id int)`)
      await own.keys.create({ name: "reader", tables })
      const target = { targetUser: "mary", targetClient: anybody }
      const publish = async () => {}
      const verify = (client: Client) => client.sql.query(places)
      const next = await rotation(admin).rotate("reader", { ...target, publish, verify, grace: 0 })
      assert.deepStrictEqual(names(await own.keys.list({ type: "regular" })), [next.name])
      assert.strictEqual((await rotation(admin).current("reader", target)).name, next.name)
      const desired = { prefix: "app ", keys: [{ name: "app viewer", tables }] }
      const plan = await plans(admin).plan(desired, target)
      await plans(admin).apply(plan, { publish, verify, targetClient: anybody, grace: 0 })
      assert.isTrue(isUnchanged(await plans(admin).plan(desired, target)))
    })
  }).pipe(
    Effect.provide(
      Emulator.layer({
        postgis: false,
        accounts: [
          { username: "olga", organization: { name: "acme", role: "owner" } },
          { username: "mary", organization: { name: "acme", role: "member" } }
        ]
      })
    ),
    Effect.runPromise
  ))

test("every call of lifecycle rejects with the reason of its signal", async ({ carto: { client } }) => {
  const signal = AbortSignal.abort(new Error("before"))
  const handOver = { publish: () => assert.fail("it was published") }
  const { abandon, begin, current, finish, resume, rotate } = rotation(client)
  for (const call of [
    () => leases(client).lease({ purpose: "report" }, { signal }),
    () => leases(client).withLease({ purpose: "report" }, () => assert.fail("it ran"), { signal }),
    () => leases(client).sweep({}, { signal }),
    () => current("reader", {}, { signal }),
    () => begin("reader", handOver, { signal }),
    () => finish("reader", {}, { signal }),
    () => rotate("reader", handOver, { signal }),
    () => resume("reader", handOver, { signal }),
    () => abandon("reader", handOver, { signal }),
    () => openPool(client, { purpose: "pool" }).then((pool) => pool.get({ tables }, { signal })),
    () => plans(client).plan({ prefix: "app ", keys: [] }, {}, { signal }),
    () => plans(client).apply({ desired: { prefix: "app ", keys: [] }, items: [] }, handOver, { signal })
  ]) {
    assert.strictEqual(await rejectionOf(call()), signal.reason, String(call))
  }
})
