/** Missing permissions that `verify` finds by running statements, which it rolls back. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Emulator } from "../../src/emulator/index.ts"
import { ApiKeyManager, type CartoError, Grants, Sql, sql } from "../../src/index.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import { layerEmbedded } from "../support/embedded.ts"

const tables = `
  CREATE TABLE towns (id serial PRIMARY KEY, name text);
  CREATE TABLE secrets (text text);
  INSERT INTO towns (name) VALUES ('a'), ('b');
  CREATE FUNCTION peek(int) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM secrets); END';
  CREATE PROCEDURE purge() LANGUAGE plpgsql AS 'BEGIN DELETE FROM secrets; END';
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO secrets VALUES (1); RETURN NEW; END';
  CREATE TABLE noted (n int);
  CREATE TRIGGER note AFTER INSERT ON noted FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TABLE later (n int);
  CREATE CONSTRAINT TRIGGER note AFTER INSERT ON later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
  CREATE TABLE own (n int); ALTER TABLE own ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON own USING (n > 0)`

const failureOf = <A, R>(effect: Effect.Effect<A, CartoError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

const everything = {
  tables: ["towns", "noted", "later", "own"].map((name) =>
    Grants.table(name, ["select", "insert", "update", "delete"])
  ),
  schemas: [Grants.schema("public")]
}

layer(
  layerEmbedded({ postgis: false, accounts: [{ username: "demo" }] }).pipe(
    Layer.tap((context) =>
      Emulator.use(({ execute }) => execute("demo", tables)).pipe(Effect.provide(context), Effect.orDie)
    )
  ),
  { excludeTestServices: true, timeout: "60 seconds" }
)("LeastPrivilege.verify", (it) => {
  it.effect.each([
    "SELECT peek(id) FROM towns",
    "DO $$ BEGIN DELETE FROM secrets; END $$",
    "CALL purge()",
    "INSERT INTO noted VALUES (1)",
    "INSERT INTO later VALUES (1)",
    "INSERT INTO own VALUES (-1)",
    "WITH n AS (INSERT INTO noted VALUES (1) RETURNING n) SELECT * FROM n",
    "SELECT * FROM pg_class",
    "WITH c AS (SELECT * FROM pg_class) SELECT count(*) FROM c",
    "TRUNCATE towns",
    "ALTER TABLE towns ADD more int",
    "SET ROLE postgres"
  ])("verify finds a missing permission that shows only when the statement runs: %s", (text) =>
    Effect.gen(function* () {
      const reason = yield* failureOf(LeastPrivilege.verify(everything, { one: sql.unsafe(text) }))
      assert.deepInclude(reason, { _tag: "GrantsInsufficient", statement: "one" })
    })
  )
  it.effect("verify accepts statements that run or fail because of their data, and rolls them back", () =>
    Effect.gen(function* () {
      yield* LeastPrivilege.verify(everything, [
        sql`SELECT name, name FROM towns -- comment`,
        sql`(SELECT id FROM towns) UNION SELECT 1 ORDER BY 1`,
        sql`DELETE FROM towns`,
        sql`INSERT INTO towns (id) VALUES (1)`,
        sql`SELECT 1 / 0`,
        sql`BEGIN; UPDATE towns SET name = 'z'; COMMIT`,
        sql`CREATE TABLE made AS SELECT * FROM towns`,
        sql`SELECT * INTO made FROM towns`,
        sql`CREATE TEMP TABLE kept (id int)`,
        sql`COPY towns (id, name) FROM STDIN`,
        sql`VACUUM towns`,
        sql`DECLARE c CURSOR FOR SELECT * FROM towns`
      ])
      const { rows } = yield* Sql.use((db) =>
        db.query(sql`SELECT count(*)::int AS towns, max(name) AS name, to_regclass('made') AS made FROM towns`)
      )
      assert.deepStrictEqual(rows, [{ towns: 2, name: "b", made: null }])
      assert.deepStrictEqual(yield* ApiKeyManager.use((keys) => keys.list({ type: "regular" })), [])
    })
  )
})
