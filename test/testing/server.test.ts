/** The server that test files of a run share, and servers of one process, in promises. */
import process from "node:process"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { isCartoError } from "../../src/promise/index.ts"
import startShared from "../../src/testing/globalSetup.ts"
import { Grants, sql, startServer, type TestServerClient } from "../../src/testing/index.ts"

const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

const places = { seed: sql`CREATE TABLE places (id int); INSERT INTO places VALUES (1)` }
const count = sql`SELECT count(*)::int AS n FROM places`

for (const kind of ["of this process", "of the run"] as const) {
  describe(`a server ${kind}`, () => {
    let stop = () => Promise.resolve()
    let server: TestServerClient
    beforeAll(async () => {
      if (kind === "of the run") stop = await startShared()
      server = await startServer()
    })
    afterAll(async () => {
      await server.close()
      await stop()
      assert.isUndefined(process.env["EFFECT_CARTO_TEST_SERVER"])
    })

    test("makes accounts that see nothing of each other, in the schema of their own", async () => {
      const one = await server.account(places)
      const other = await server.account(places)
      await other.client.sql.query(sql`DELETE FROM places`)
      assert.deepStrictEqual((await one.client.sql.query(count)).rows, [{ n: 1 }])
      const foreign = sql`SELECT * FROM ${sql.identifier(one.username)}.places`
      assert.isTrue(isCartoError(await rejectionOf(other.client.sql.query(foreign)), "PermissionDenied"))
      const key = await one.client.keys.create({ name: "reader", tables: [Grants.table("places", ["select"])] })
      assert.strictEqual(key.grants.tables[0]?.schema, one.username)
      await one.close()
      assert.deepInclude(await rejectionOf(one.client.keys.whoami()), { name: "AbortError" })
      await other.close()
    })

    test("makes an account with the token, the name and the quota that the test chooses", async () => {
      const username = kind === "of the run" ? "chosen-shared" : "chosen"
      const carto = await server.account({ username, masterKey: "a-master-key", keyQuota: 1, ownDatabase: true })
      assert.deepStrictEqual([carto.username, (await carto.client.sql.query(sql`SELECT 1`)).totalRows], [username, 1])
      const own = await carto.client.keys.whoami()
      assert.strictEqual(String(own.token), "<redacted>")
      await carto.client.keys.create({ name: "one", apis: ["sql"] })
      const refused = await rejectionOf(carto.client.keys.create({ name: "two", apis: ["sql"] }))
      assert.isTrue(isCartoError(refused, "ApiKeyQuotaReached"))
      await carto.close()
    })

    test("makes an organization, whose owner administers the keys of a member", async () => {
      const { close, member, owner } = await server.organization({ members: { mary: places, olga: {} } })
      const mary = member("mary")
      await mary.client.keys.create({ name: "reader", tables: [Grants.table("places", ["select"])] })
      const seen = await owner.client.keys.get("reader", { targetUser: mary.username })
      assert.strictEqual(seen.name, "reader")
      const foreign = sql`SELECT * FROM ${sql.identifier(mary.username)}.places`
      const refused = await rejectionOf(member("olga").client.sql.query(foreign))
      assert.isTrue(isCartoError(refused, "PermissionDenied"))
      assert.throws(() => Reflect.apply(member, undefined, ["nobody"]), /no member "nobody"/)
      await close()
    })

    test("fails calls on purpose, in one account only", async () => {
      const one = await server.account(places)
      const other = await server.account(places)
      one.fail("rate-limited", { times: 1 })
      assert.strictEqual((await other.client.sql.query(count)).totalRows, 1)
      assert.isTrue(isCartoError(await rejectionOf(one.client.sql.query(count)), "RateLimited"))
      await Promise.all([one.close(), other.close()])
    })

    test("names what is wrong with the options of an account", async () => {
      assert.include(String(await rejectionOf(server.account({ seed: sql`CREATE TABLES` }))), "syntax error")
      assert.include(String(await rejectionOf(server.account({ username: "Not A Name" }))), "username")
    })
  })
}
