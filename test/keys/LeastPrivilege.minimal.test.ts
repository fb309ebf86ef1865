/**
 * Random tables, views and statements. With the inferred grants every statement runs under a key. Without any one of the
 * grants some statement is refused.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import process from "node:process"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, Auth, Grants, Sql, sql, type Statement } from "../../src/index.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import { layerEmbedded } from "../support/embedded.ts"

const Byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

/** What is made of a few numbers: each stands for a choice, so that any of them means something. */
const World = Schema.Struct({
  /** Who may read and write each table: an even number leaves it private. */
  tables: Schema.Array(Byte).check(Schema.isBetweenLength(1, 3)),
  views: Schema.Array(Schema.Tuple([Byte, Byte, Byte])).check(Schema.isMaxLength(4)),
  statements: Schema.Array(Schema.Tuple([Byte, Byte, Byte])).check(Schema.isBetweenLength(1, 4))
})
type World = typeof World.Type

const pick = <A>(items: ReadonlyArray<A>, choice: number): A => {
  const item = items[choice % items.length]
  if (item === undefined) throw new RangeError("nothing to choose from")
  return item
}

const tablesOf = ({ tables }: World): ReadonlyArray<string> => tables.map((_, index) => `t${index}`)

const build = ({ statements, tables, views }: World) => {
  const relations: Array<string> = []
  const writable: Array<string> = []
  const ddl: Array<string> = []
  for (const [index, choice] of tables.entries()) {
    const name = `t${index}`
    ddl.push(`CREATE TABLE ${name} (id serial PRIMARY KEY, n int, name text)`)
    if (choice % 4 === 1) ddl.push(`GRANT SELECT ON ${name} TO publicuser`)
    if (choice % 4 === 3) ddl.push(`GRANT SELECT, INSERT ON ${name} TO PUBLIC`)
    relations.push(name)
    writable.push(name)
  }
  for (const [index, [shape, first, second]] of views.entries()) {
    const name = `v${index}`
    const a = pick(relations, first)
    const b = pick(relations, second)
    const invoker = shape % 2 === 0 ? "" : " WITH (security_invoker = true)"
    const kinds = [
      `CREATE VIEW ${name}${invoker} AS SELECT id, n, name FROM ${a}`,
      `CREATE VIEW ${name}${invoker} AS SELECT a.id, b.n, a.name FROM ${a} a JOIN ${b} b ON a.id = b.id`,
      `CREATE VIEW ${name}${invoker} AS SELECT id, n, name FROM ${a} WHERE id IN (SELECT n FROM ${b})`,
      `CREATE MATERIALIZED VIEW ${name} AS SELECT id, n, name FROM ${a} UNION SELECT id, n, name FROM ${b}`
    ]
    const kind = (shape >> 1) % kinds.length
    ddl.push(pick(kinds, kind))
    relations.push(name)
    // a view of one relation that can be written can be written itself
    if ((kind === 0 || kind === 2) && writable.includes(a)) writable.push(name)
    if (shape % 16 === 15) ddl.push(`GRANT SELECT ON ${name} TO publicuser`)
  }
  const texts = statements.map(([shape, first, second]) => {
    const a = pick(relations, first)
    const b = pick(relations, second)
    const w = pick(writable, second)
    return pick(
      [
        `SELECT * FROM ${a}`,
        `SELECT 1 FROM ${a} x LEFT JOIN ${b} y ON x.id = y.id WHERE false`,
        `WITH q AS MATERIALIZED (SELECT id FROM ${a}) SELECT count(*) FROM q WHERE EXISTS (SELECT FROM ${b})`,
        `SELECT id FROM ${a} UNION ALL SELECT n FROM ${b} ORDER BY 1 LIMIT 1`,
        `INSERT INTO ${w} (id, n) SELECT id, n FROM ${a}`,
        `INSERT INTO ${w} (n) VALUES (1) RETURNING n`,
        `INSERT INTO ${w} (id, n) VALUES (1, 2)`,
        `INSERT INTO ${w} DEFAULT VALUES`,
        `UPDATE ${w} SET n = 1`,
        `UPDATE ${w} SET n = x.n FROM ${a} x WHERE x.id = ${w}.id`,
        `DELETE FROM ${w}`,
        `DELETE FROM ${w} WHERE id IN (SELECT n FROM ${a})`,
        `WITH gone AS (DELETE FROM ${w} RETURNING id) INSERT INTO t0 (id) SELECT id FROM gone`,
        `MERGE INTO t0 USING ${a} x ON x.id = t0.id WHEN MATCHED THEN UPDATE SET n = x.n WHEN NOT MATCHED THEN DO NOTHING`,
        `SELECT x.n FROM ${w} x FOR UPDATE`
      ],
      shape
    )
  })
  return { ddl, texts }
}

const permissions = ["select", "insert", "update", "delete"] as const
const isPermission = (text: string): text is Grants.TablePermission => permissions.some((known) => known === text)

/** Whether all statements are explained and run (and rolled back) under a key with these grants, which is deleted again. */
const isEnough = Effect.fnUntraced(function* (
  tables: ReadonlyArray<Grants.TableGrantRequest>,
  statements: ReadonlyArray<Statement>
) {
  const keys = yield* ApiKeyManager
  const key = yield* keys.create({ name: "k", apis: ["sql"], ...(tables.length === 0 ? {} : { tables }) })
  return yield* Effect.forEach(
    statements,
    (statement) => Sql.use((db) => db.query(sql`EXPLAIN ANALYZE ${statement}; ROLLBACK`)),
    {
      discard: true
    }
  ).pipe(
    Auth.withApiKey(key),
    Effect.as(true),
    Effect.catchReason("CartoError", "PermissionDenied", () => Effect.succeed(false)),
    Effect.ensuring(Effect.orDie(keys.delete(key)))
  )
})

const counted = { grants: 0, statements: 0 }

layer(layerEmbedded({ postgis: false, accounts: [{ username: "demo" }] }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("inferred grants", (it) => {
  it.effect.prop(
    "inferred grants for random statements are sufficient, and each is necessary",
    [World],
    ([world]) =>
      Effect.gen(function* () {
        const { execute } = yield* Emulator
        const { ddl, texts } = build(world)
        yield* Effect.acquireRelease(
          Effect.forEach(ddl, (statement) => execute("demo", statement), { discard: true }),
          () => Effect.orDie(execute("demo", `DROP TABLE ${tablesOf(world).join(", ")} CASCADE`))
        )
        const statements = texts.map((text) => sql.unsafe(text))
        const { grants, unmet } = yield* LeastPrivilege.infer(statements)
        const inferred = grants.tables ?? []
        assert.deepStrictEqual(unmet, [])
        assert.isTrue(yield* isEnough(inferred, statements), `not enough: ${JSON.stringify({ ddl, texts, inferred })}`)
        for (const { name, permissions } of inferred) {
          for (const permission of permissions) {
            const without = { tables: [Grants.table(name, [permission])] }
            const fewer = Grants.difference({ tables: inferred }, without).tables.map((table) =>
              Grants.table(table.name, table.permissions.filter(isPermission))
            )
            assert.isFalse(
              yield* isEnough(fewer, statements),
              `${permission} on ${name} is not needed: ${JSON.stringify({ ddl, texts, inferred })}`
            )
            counted.grants += 1
          }
        }
        counted.statements += texts.length
      }).pipe(Effect.scoped),
    { timeout: 300_000, arbitrary: { runs: Number(process.env["EFFECT_CARTO_TEST_RUNS"] ?? 25) } }
  )
  it("more than ten inferred grants were checked for necessity", () => {
    assert.isAbove(counted.grants, 10)
  })
})
