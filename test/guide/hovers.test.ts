/** What the editor shows for the names that programs use most. */
import { assert, test } from "vitest"
import { hovers } from "../support/languageServer.ts"

const source = `
import { ApiKeyManager, Auth, BatchSql, Carto, CopySql, Grants, RateLimited, Sql, sql } from "../src/index.ts"
import * as Lease from "../src/keys/Lease.ts"
import * as LeasePool from "../src/keys/LeasePool.ts"
import * as Rotation from "../src/keys/Rotation.ts"
import { connect, defaultPublic, isCartoError, reveal } from "../src/promise/index.ts"
import { batch } from "../src/promise/batch.ts"
import { copy } from "../src/promise/copy.ts"
import { keyset } from "../src/promise/keyset.ts"
import { leases, plans, rotation } from "../src/promise/lifecycle.ts"
import { openPool } from "../src/promise/pool.ts"
import { audit, leastPrivilege, verification } from "../src/promise/access.ts"
import { accountFixture, serverFixture, TestAccount, TestServer } from "../src/testing/index.ts"
import { inMemory, RateGovernor } from "../src/rate-limit/RateGovernor.ts"

const statement = sql/*?*/\`SELECT 1\`
const carto = connect/*?*/({ baseUrl: "https://alice.carto.com", apiKey: "a" })
void [defaultPublic/*?*/, isCartoError/*?*/, reveal/*?*/, Grants.table/*?*/]
void [carto.keys/*?*/, carto.sql/*?*/, carto.withApiKey/*?*/, carto.close/*?*/]
const { keys } = carto
void [keys.create/*?*/, keys.get/*?*/, keys.getOption/*?*/, keys.list/*?*/, keys.stream/*?*/]
void [keys.regenerate/*?*/, keys.delete/*?*/, keys.whoami/*?*/, keys.isValid/*?*/]
void [carto.sql.query/*?*/, carto.sql.stream/*?*/, carto.sql.export/*?*/]
carto.sql.query/*?*/(statement, { idempotent/*?*/: true }, { signal/*?*/: undefined })
const places = copy/*?*/(carto)
void [places.to/*?*/, places.toRows/*?*/, places.from/*?*/, places.progress/*?*/, places.fromRows/*?*/]
const jobs = batch/*?*/(carto)
void [jobs.create/*?*/, jobs.get/*?*/, jobs.cancel/*?*/, jobs.wait/*?*/, jobs.watch/*?*/, jobs.run/*?*/]
void [keyset/*?*/(carto).stream/*?*/]
void [leases/*?*/(carto).lease/*?*/, leases(carto).withLease/*?*/, leases(carto).sweep/*?*/]
void [rotation/*?*/(carto).rotate/*?*/, rotation(carto).current/*?*/, rotation(carto).begin/*?*/]
void [plans/*?*/(carto).plan/*?*/, plans(carto).apply/*?*/, openPool/*?*/]
void [verification/*?*/(carto).can/*?*/, leastPrivilege/*?*/(carto).infer/*?*/, audit/*?*/(carto).audit/*?*/]
void [serverFixture/*?*/, accountFixture/*?*/, TestServer/*?*/, TestAccount/*?*/, inMemory/*?*/, RateGovernor/*?*/]
void [ApiKeyManager/*?*/, Auth/*?*/, BatchSql/*?*/, CopySql/*?*/, Sql/*?*/]
void [Carto.layer/*?*/, Carto.layerConfig/*?*/, Auth.layer/*?*/, Auth.withApiKey/*?*/]
void [Lease.lease/*?*/, Lease.withLease/*?*/, Lease.sweep/*?*/, LeasePool.make/*?*/, Rotation.rotate/*?*/]
Sql.use((db) => db.query/*?*/(statement))
Sql.use((db) => db.export/*?*/(statement, { format/*?*/: "csv" }))
ApiKeyManager.use((keys) => keys.create/*?*/({ name/*?*/: "a", tables/*?*/: [] }))
ApiKeyManager.use((keys) => keys.regenerate/*?*/("a"))
declare const limited: RateLimited
void limited.retryAfter/*?*/
`

/** The name that is hovered over, with what is before it. */
const names = [...source.matchAll(/([\w.]+)\/\*\?\*\//g)].map(([, name]) => name)

test("the editor shows a sentence of documentation for every name that programs use most", async () => {
  const shown = await hovers(source)
  assert.strictEqual(shown.length, names.length)
  // a sentence: a capital, then words, then a full stop
  const silent = names.filter((_, index) => !/[A-Z`][^.]*( \S+){2,}[.:]/.test(shown[index]?.documentation ?? ""))
  assert.deepStrictEqual(silent, [])
})
