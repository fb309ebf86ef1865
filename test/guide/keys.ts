/** The life of a key: README.md has each of these lines. */
import { Effect, type Redacted } from "effect"
import { ApiKeyManager, Grants, Sql, sql } from "../../src/index.ts"
import * as Audit from "../../src/keys/Audit.ts"
import * as DesiredKeys from "../../src/keys/DesiredKeys.ts"
import * as Lease from "../../src/keys/Lease.ts"
import * as LeasePool from "../../src/keys/LeasePool.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import * as AccessMatrix from "../../src/keys/AccessMatrix.ts"
import * as Plan from "../../src/keys/Plan.ts"
import * as Verification from "../../src/keys/Verification.ts"
import * as Rotation from "../../src/keys/Rotation.ts"

const reader = { apis: ["sql"], tables: [Grants.table("tornadoes", ["select"])] } satisfies Grants.GrantsRequest
const strongest = Sql.use((db) => db.query(sql`SELECT * FROM tornadoes ORDER BY magnitude DESC LIMIT 3`))

export const leases = Effect.gen(function* () {
  const { rows } = yield* strongest.pipe(Lease.withLease({ purpose: "report", ttl: "2 minutes", ...reader }))
  const { deleted } = yield* Lease.sweep()

  const pool = yield* LeasePool.make({ purpose: "api", capacity: 4 })
  const { totalRows } = yield* strongest.pipe(pool.withLease(reader))
  return [rows.length, deleted.length, totalRows]
}).pipe(Effect.scoped)

export const rotation = (vault: Map<string, Redacted.Redacted>) =>
  Effect.gen(function* () {
    const next = yield* Rotation.rotate("tiles", {
      publish: (key) => Effect.sync(() => vault.set("tiles", key.token)),
      verify: () => strongest,
      grace: "10 minutes"
    })
    return next.name
  })

export const plans = (text: string, vault: Map<string, Redacted.Redacted>) =>
  Effect.gen(function* () {
    const plan = yield* Plan.plan(yield* DesiredKeys.fromJsonc(text))
    const words = Plan.toText(plan, { colors: false })
    yield* Plan.apply(plan, {
      publish: (key) => Effect.sync(() => vault.set(key.name, key.token)),
      grace: "10 minutes"
    })
    return words
  })

export const review = Effect.gen(function* () {
  const statements = {
    report: sql`SELECT * FROM tornadoes`,
    load: sql`DELETE FROM storm_reports WHERE remarks IS NULL`
  }
  const { grants, needs, opaque, unmet } = yield* LeastPrivilege.infer(statements, { verify: true })
  const key = yield* Verification.createVerified({ name: "app", ...grants })
  const may = yield* Verification.can(key, "delete", "tornadoes")
  const findings = Audit.toText(yield* Audit.audit({ statements, personalData: true }))
  const matrix = yield* AccessMatrix.make()
  yield* ApiKeyManager.use((keys) => keys.delete(key))
  return {
    privileges: LeastPrivilege.toText({ grants, needs, opaque, unmet }),
    may,
    findings,
    matrix: AccessMatrix.toText(matrix),
    svg: AccessMatrix.toSvg(matrix)
  }
})
