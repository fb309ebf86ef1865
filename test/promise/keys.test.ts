import { assert, test as base } from "vitest"
import { isCartoError, reveal } from "../../src/promise.ts"
import { isUnchanged, leases, plans, rotation } from "../../src/promise/keys.ts"
import { accountFixture, Grants, serverFixture, sql } from "../../src/testing.ts"

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

test("a lease is deleted when it is disposed of", async ({ carto: { client } }) => {
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

test("a function runs under a lease of its own, which ends however it ends", async ({ carto: { client } }) => {
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

test("a key is rotated: published, proven, and the old one is gone", async ({ carto }) => {
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

test("keys are made what they are to be", async ({ carto: { client } }) => {
  const { apply, plan } = plans(client)
  const desired = { prefix: "app ", keys: [{ name: "app viewer", tables }] }
  const published: Array<string> = []
  const { keys } = await apply(await plan(desired), {
    publish: async ({ name }) => published.push(name),
    grace: 0
  })
  const viewer = keys.get("app viewer")
  assert.deepStrictEqual(published, [viewer?.name])
  assert.isTrue(isUnchanged(await plan(desired)))
})

test("calls take a signal", async ({ carto: { client } }) => {
  const signal = AbortSignal.abort(new Error("before"))
  const handOver = { publish: () => assert.fail("it was published"), signal }
  const { abandon, begin, current, finish, resume, rotate } = rotation(client)
  for (const call of [
    () => leases(client).lease({ purpose: "report" }, { signal }),
    () => leases(client).withLease({ purpose: "report" }, () => assert.fail("it ran"), { signal }),
    () => leases(client).sweep({ signal }),
    () => current("reader", { signal }),
    () => begin("reader", handOver),
    () => finish("reader", { signal }),
    () => rotate("reader", handOver),
    () => resume("reader", handOver),
    () => abandon("reader", handOver),
    () => plans(client).plan({ prefix: "app ", keys: [] }, { signal }),
    () => plans(client).apply({ desired: { prefix: "app ", keys: [] }, items: [] }, handOver)
  ]) {
    assert.strictEqual(await rejectionOf(call()), signal.reason, String(call))
  }
})
