/** Statements that write, found by running them, are never taken for statements that read. */
import { assert, describe, it } from "@effect/vitest"
import { PGlite } from "@electric-sql/pglite"
import { isReadOnly } from "../../../../src/sql/internal/readOnly/isReadOnly.ts"
import { randomFrom } from "../../../support/hostile.ts"

/** Each of these writes a row when it is called with a number. */
const functions = [
  "f",
  '"F"',
  '"two words"',
  "e\u0301x",
  "n😀",
  "ran\u212a",
  "f\u00a0",
  "\u00a0f",
  "st_pay",
  "sets",
  "filter",
  "over",
  "by",
  "cube",
  "materialized",
  '"like"',
  "my.f",
  "my.count"
]

const setUp = `
  CREATE SCHEMA my;
  CREATE TABLE written (at int);
  CREATE TABLE payments (id int, amount int);
  INSERT INTO payments VALUES (1, 10), (2, 20);
  CREATE SEQUENCE numbers;
  ${functions
    .map(
      (name) => `CREATE FUNCTION ${name}(int) RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.written VALUES (1); RETURN $1; END $$;`
    )
    .join("\n")}
  CREATE FUNCTION paid(payments) RETURNS int LANGUAGE sql AS 'SELECT f(1)';
  CREATE FUNCTION pays(int, int) RETURNS int LANGUAGE sql AS 'SELECT f(1)';
  CREATE OPERATOR @@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = pays);
  CREATE OPERATOR my.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = pays);
  CREATE OPERATOR !!! (RIGHTARG = int, FUNCTION = f);
  CREATE AGGREGATE gather (int) (SFUNC = pays, STYPE = int, INITCOND = '0');
  CREATE DOMAIN checked AS int CHECK (f(VALUE) > 0);
  CREATE DOMAIN double AS int CHECK (f(VALUE) > 0);
  CREATE DOMAIN my.int4 AS int CHECK (f(VALUE) > 0);
  CREATE TYPE pair AS (one checked, two int);`

const calls = [
  ...functions.flatMap((name) => [`${name}(1)`, `${name} /* a /* b */ c */ (1)`, `${name} -- c\n (1)`]),
  'U&"f"(1)',
  'U&"\\0066"(1)',
  "U&\"!0066\" UESCAPE '!' (1)",
  "F(1)",
  "public.f(1)",
  'public."f"(1)',
  "paid(p)",
  "p.paid",
  "(p).paid",
  'p."paid"',
  "1 @@@ 2",
  "1@@@2",
  "!!! 1",
  "1 OPERATOR(my.+) 2",
  "gather(1)",
  "gather(1) OVER ()",
  "1::checked",
  "CAST(1 AS checked)",
  "CAST((SELECT 1 AS a) AS checked)",
  "checked '1'",
  "checked E'1'",
  "checked $$1$$",
  "checked /**/ '1'",
  "\"checked\" '1'",
  "public.checked '1'",
  "'1'::public.checked",
  "1::my.int4",
  "my.int4 '1'",
  "double '1'",
  "1::double",
  "('{1}'::checked[])[1]",
  "(jsonb_populate_record(NULL::pair, '{\"one\": 1}')).two",
  "nextval('numbers')",
  "pg_catalog.nextval('numbers')",
  "setval('numbers', nextval('numbers') + 7)",
  "(lo_create(0))::int",
  "length(query_to_xml('SELECT f(1)', true, true, '')::text)"
]

const wraps: ReadonlyArray<(call: string) => string> = [
  (call) => call,
  (call) => `(SELECT ${call})`,
  (call) => `coalesce(NULL, ${call})`,
  (call) => `CASE WHEN true THEN ${call} END`,
  (call) => `(ARRAY[${call}])[1]`,
  (call) => `abs(${call})`,
  (call) => `greatest(1, ${call})`,
  (call) => `nullif(${call}, 0)`,
  (call) => `${call} + 1`
]

const statements: ReadonlyArray<(expression: string) => string> = [
  (e) => `SELECT ${e} FROM payments p`,
  (e) => `SELECT id, ${e} AS x FROM payments AS p LIMIT 1`,
  (e) => `SELECT 1 FROM payments p WHERE ${e} IS NOT NULL`,
  (e) => `SELECT 1 FROM payments p ORDER BY id, ${e}`,
  (e) => `SELECT DISTINCT ON (id) ${e} FROM payments p`,
  (e) => `SELECT max(id) FROM payments p GROUP BY ${e}`,
  (e) => `WITH a AS (SELECT ${e} AS x FROM payments p) SELECT * FROM a`,
  (e) => `WITH a (x) AS (SELECT ${e} FROM payments p) SELECT x FROM a`,
  (e) => `VALUES ((SELECT ${e} FROM payments p LIMIT 1))`,
  (e) => `(SELECT ${e} FROM payments p) UNION ALL SELECT 1`,
  (e) => `SELECT 1 FROM payments p JOIN LATERAL (SELECT ${e} AS y) q ON y > 0`,
  (e) => `SELECT 1 FROM payments p, LATERAL (SELECT ${e} AS y) q WHERE y = 1`,
  (e) => `SELECT 1 FROM payments p WHERE EXISTS (SELECT 1 WHERE ${e} > -1)`,
  (e) => `SELECT 1 FROM payments p WHERE id IN (1, ${e})`,
  (e) => `EXPLAIN ANALYZE SELECT ${e} FROM payments p`,
  (e) => `EXPLAIN (ANALYZE, COSTS off) SELECT ${e} FROM payments p`,
  (e) => `SELECT count(*) FILTER (WHERE ${e} > -1) FROM payments p`,
  (e) => `SELECT 'a' -- '\n, ${e} FROM payments p`,
  (e) => `SELECT E'\\'', ${e}, '' FROM payments p`,
  (e) => `SELECT E'a'\n'\\' , ' , ${e} , '' FROM payments p`,
  (e) => `SELECT $a$ ' $a$, ${e} /* ' */ FROM payments p`,
  (e) => `SELECT 1 FROM generate_series(1, (SELECT ${e} FROM payments p LIMIT 1))`,
  (e) => `INSERT INTO written SELECT ${e} FROM payments p`,
  (e) => `WITH a AS (INSERT INTO written SELECT ${e} FROM payments p RETURNING at) SELECT * FROM a`,
  (e) => `SELECT ${e} AS made INTO made FROM payments p; DROP TABLE made`
]

const whole = [
  "SELECT * FROM jsonb_to_recordset('[{\"a\": 1}]') AS x(a checked)",
  "SELECT * FROM json_to_record('{\"a\": 1}') AS x(a checked)",
  "SELECT * FROM f(1)",
  "SELECT * FROM payments, f(1)",
  "SELECT * FROM ROWS FROM (f(1), generate_series(1, 2))",
  "SELECT f(1) FROM payments GROUP BY GROUPING SETS ((id), ())",
  "SELECT * FROM payments LIMIT f(1)",
  "SELECT * FROM payments FETCH FIRST (f(1)) ROWS ONLY",
  "SELECT sum(id) OVER (ORDER BY f(1)) FROM payments",
  "SELECT sum(id) OVER w FROM payments WINDOW w AS (ORDER BY f(id))",
  "TABLE payments; UPDATE payments SET amount = amount + 1",
  "UPDATE payments SET amount = f(1)"
]

const total = 2_000

const state = `SELECT (SELECT count(*) FROM written) AS rows, (SELECT last_value FROM numbers) AS last,
  (SELECT count(*) FROM pg_largeobject_metadata) AS objects, (SELECT sum(amount) FROM payments) AS amount`

describe("isReadOnly", () => {
  const plain = [...whole, ...calls.map((call) => `SELECT ${call} FROM payments p`)]

  it("each of these statements writes when PostgreSQL runs it, and is not recognized as one that reads", async () => {
    const database = await PGlite.create()
    const read = async () => JSON.stringify((await database.query(state)).rows)
    const run = (text: string) => database.exec(text).catch(() => undefined)
    await database.exec(setUp)
    const harmless: Array<string> = []
    let before = await read()
    for (const text of plain) {
      await run(text)
      const after = await read()
      if (after === before) harmless.push(text)
      before = after
      assert.isFalse(isReadOnly(text), text)
    }
    await database.close()
    // a statement that does not write proves nothing
    assert.deepStrictEqual(harmless, [])
  })

  it("a call that writes is not recognized as reading wherever it stands", () => {
    const random = randomFrom(12)
    const pick = <A>(items: ReadonlyArray<A>): A => items[random(items.length)] ?? assert.fail("nothing to pick")
    for (let count = 0; count < total; count += 1) {
      const text = pick(statements)(pick(wraps)(pick(calls)))
      assert.isFalse(isReadOnly(text), text)
    }
    // without the call each of these reads, or begins with a word that writes
    const recognized = statements.filter((statement) => isReadOnly(statement("id")))
    assert.isAbove(recognized.length, 15)
  })
})
