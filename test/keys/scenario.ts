/** The life of keys as one program, which Node and workerd run against an embedded CARTO on a loopback port. */
import * as Effect from "effect/Effect"
import { ApiKeyManager, Auth, type CartoError, Grants, Sql, sql } from "../../src/index.ts"
import * as DesiredKeys from "../../src/keys/DesiredKeys.ts"
import * as Lease from "../../src/keys/Lease.ts"
import * as LeasePool from "../../src/keys/LeasePool.ts"
import * as Plan from "../../src/keys/Plan.ts"
import * as Rotation from "../../src/keys/Rotation.ts"

const tornadoes = { apis: ["sql"], tables: [Grants.table("tornadoes", ["select"])] } satisfies Grants.GrantsRequest
const count = Sql.use((db) => db.query(sql`SELECT count(*) > 0 AS some FROM tornadoes`))
const names = Effect.map(
  ApiKeyManager.use((keys) => keys.list({ type: "regular", order: "name" })),
  (keys) => keys.map(({ name }) => name.replace(/[0-9a-f]{8}$/, "…"))
)

export const scenario: Effect.Effect<Readonly<Record<string, unknown>>, CartoError, ApiKeyManager | Sql> = Effect.gen(
  function* () {
    const saw: Record<string, unknown> = {}
    saw["under a lease"] = (yield* count.pipe(Lease.withLease({ purpose: "scenario", ...tornadoes }))).rows
    saw["pooled"] = yield* Effect.scoped(
      Effect.gen(function* () {
        const pool = yield* LeasePool.make({ purpose: "scenario" })
        const used = yield* Effect.forEach([1, 2, 3], () => Effect.scoped(pool.get(tornadoes)), { concurrency: 3 })
        return new Set(used.map(({ key }) => key.name)).size
      })
    )
    saw["left by leases"] = yield* names
    saw["swept"] = (yield* Lease.sweep()).deleted

    yield* ApiKeyManager.use((keys) => keys.create({ name: "tiles", ...tornadoes }))
    const published: Array<string> = []
    const publish = ({ name }: { readonly name: string }) => Effect.sync(() => published.push(name))
    const next = yield* Rotation.rotate("tiles", { publish, verify: () => count, grace: "10 millis" })
    saw["rotated"] = [[...published], (yield* count.pipe(Auth.withApiKey(next))).rows, yield* names]

    const desired = yield* DesiredKeys.fromJsonc(`{
    "prefix": "ti", // the key above too
    "keys": [{ "name": "tides", "tables": [{ "name": "tornadoes", "permissions": ["select"] }] }]
  }`)
    const plan = yield* Plan.plan(desired)
    saw["plan"] = Plan.toText(plan)
      .replace(/~[0-9a-f]{8}/g, "~…")
      .split("\n")
    yield* Plan.apply(plan, { publish, grace: 0 })
    saw["applied"] = yield* names
    saw["again"] = Plan.isUnchanged(yield* Plan.plan(desired))
    yield* Plan.apply(yield* Plan.plan({ ...desired, keys: [] }), { publish, grace: 0 })
    saw["in the end"] = yield* names
    return saw
  }
)
