import { assert, describe, it } from "@effect/vitest"
import { DateTime, Redacted, Result } from "effect"
import { compile, sql, type Statement } from "../../src/sql/Statement.ts"

const text = (statement: Statement): string => Result.getOrThrowWith(compile(statement), (reason) => reason)
const refusal = (statement: Statement) => {
  const compiled = compile(statement)
  assert.isTrue(Result.isFailure(compiled), `compiled to ${Result.getOrElse(compiled, () => "")}`)
  return Result.isFailure(compiled) ? compiled.failure : undefined
}

describe("values", () => {
  const cases: ReadonlyArray<readonly [string, Statement, string]> = [
    ["a string", sql`SELECT ${"a"}`, "SELECT 'a'"],
    ["a quote", sql`SELECT ${"O'Brien"}`, "SELECT 'O''Brien'"],
    ["a backslash", sql`SELECT ${"a\\'b"}`, "SELECT E'a\\\\''b'"],
    ["a number", sql`SELECT ${1.5}`, "SELECT 1.5"],
    ["a negative number after a minus", sql`SELECT 1 -${-1}`, "SELECT 1 - (-1)"],
    ["negative zero", sql`SELECT ${-0}`, "SELECT '-0'::float8"],
    ["NaN and infinities", sql`${Number.NaN} ${-Infinity}`, "'NaN'::float8 '-Infinity'::float8"],
    ["a bigint", sql`SELECT ${9007199254740993n}`, "SELECT 9007199254740993"],
    ["booleans and null", sql`SELECT ${true}, ${false}, ${null}`, "SELECT TRUE, FALSE, NULL"],
    ["a date", sql`SELECT ${new Date(0)}`, "SELECT '1970-01-01T00:00:00.000Z'::timestamptz"],
    ["a DateTime", sql`SELECT ${DateTime.makeUnsafe(0)}`, "SELECT '1970-01-01T00:00:00.000Z'::timestamptz"],
    [
      "a date before our era",
      sql`SELECT ${new Date("-000001-06-01T00:00:00Z")}`,
      "SELECT '0002-06-01T00:00:00.000Z BC'::timestamptz"
    ],
    ["bytes", sql`SELECT ${new Uint8Array([0, 222, 173])}`, "SELECT E'\\\\x00dead'::bytea"],
    ["an array", sql`SELECT ${[1, 2]}`, "SELECT ARRAY[1, 2]"],
    [
      "DateTimes in an array",
      sql`SELECT ${[DateTime.makeUnsafe(0)]}`,
      "SELECT ARRAY['1970-01-01T00:00:00.000Z'::timestamptz]"
    ],
    ["an empty array", sql`SELECT ${[]}::int[]`, "SELECT '{}'::int[]"],
    ["JSON", sql`SELECT ${sql.json({ a: "it's" })}`, `SELECT '{"a":"it''s"}'::jsonb`],
    ["a word before a value", sql`SELECT E${"a"}`, "SELECT E 'a'"],
    ["values side by side", sql`SELECT ${"a"}${"b"}`, "SELECT 'a' 'b'"],
    ["a word after a value", sql`SELECT ${1}AS a`, "SELECT 1 AS a"]
  ]
  for (const [name, statement, expected] of cases) {
    it(name, () => assert.strictEqual(text(statement), expected))
  }
})

describe("composition", () => {
  it("identifiers are quoted", () =>
    assert.strictEqual(text(sql`SELECT * FROM ${sql.identifier("pub", 'a"b')}`), 'SELECT * FROM "pub"."a""b"'))
  it("statements nest", () => {
    const where = sql`year = ${2025}`
    assert.strictEqual(text(sql`SELECT * FROM t WHERE ${where}`), "SELECT * FROM t WHERE year = 2025")
  })
  it("conditions", () => {
    assert.strictEqual(text(sql.and([sql`a = ${1}`, sql`b OR c`])), "(a = 1) AND (b OR c)")
    assert.strictEqual(text(sql.and([])), "TRUE")
    assert.strictEqual(text(sql.or([])), "FALSE")
  })
  it("lists", () => assert.strictEqual(text(sql`id IN (${sql.csv([1, "b"])})`), "id IN (1, 'b')"))
  it("rows to insert", () =>
    assert.strictEqual(
      text(
        sql`INSERT INTO t ${sql.insert([
          { id: 1, name: "a" },
          { id: 2, at: sql`now()` }
        ])}`
      ),
      `INSERT INTO t ("id", "name", "at") VALUES (1, 'a', NULL), (2, NULL, now())`
    ))
  it("columns to set", () =>
    assert.strictEqual(
      text(sql`UPDATE t SET ${sql.update({ name: "a", n: null, 'x"y': sql`n + 1` })} WHERE id = ${1}`),
      `UPDATE t SET "name" = 'a', "n" = NULL, "x""y" = n + 1 WHERE id = 1`
    ))
  it("raw text is taken as it is", () => assert.strictEqual(text(sql`SELECT ${sql.unsafe("now()")}`), "SELECT now()"))
})

describe("refused, naming the place", () => {
  const cases: ReadonlyArray<readonly [string, Statement, string]> = [
    ["an empty statement", sql``, "statement"],
    ["a blank statement", sql`  `, "statement"],
    ["undefined", sql`SELECT ${JSON.parse("{}").missing}`, "value 1"],
    ["an object", sql`SELECT ${1}, ${JSON.parse("{}")}`, "value 2"],
    ["a secret", sql`SELECT ${JSON.parse("{}") && (Redacted.make("s") as never)}`, "value 1"],
    [
      "what passes for a statement in JSON",
      sql`SELECT ${JSON.parse('{"~effect-carto/Statement":[{"_tag":"Text","text":"now()"}]}')}`,
      "value 1"
    ],
    ["NUL in the text", sql`SELECT '\0'`, "statement"],
    ["NUL", sql`SELECT ${"a\0b"}`, "value 1"],
    ["half a surrogate pair", sql`SELECT ${"\ud800"}`, "value 1"],
    ["an invalid date", sql`SELECT ${new Date(Number.NaN)}`, "value 1"],
    ["a value inside a string", sql`SELECT '%${"x"}%'`, "value 1"],
    ["a value inside an identifier", sql`SELECT "${"x"}"`, "value 1"],
    ["a value in a comment", sql`SELECT 1 -- ${"x"}`, "value 1"],
    ["a value in a nested comment", sql`SELECT /* /* */ ${"x"} */ 1`, "value 1"],
    ["a value in a dollar quote", sql`DO $a$ ${"x"} $a$`, "value 1"],
    ["a place that one setting reads as quoted", sql`SELECT '\\' , ${"x"}`, "value 1"],
    ["an empty identifier", sql`SELECT ${sql.identifier("")}`, "identifier"],
    ["an identifier that would be cut", sql`SELECT ${sql.identifier("a".repeat(64))}`, "identifier"],
    ["an empty list", sql`id IN (${sql.csv([])})`, "sql.csv"],
    ["no rows", sql`INSERT INTO t ${sql.insert([])}`, "sql.insert"],
    ["a row with a bad value", sql`INSERT INTO t ${sql.insert([{ a: 1 }, { a: "\0" }])}`, "row 2.a"],
    ["nothing to set", sql`UPDATE t SET ${sql.update({})}`, "sql.update"],
    ["a bad value to set", sql`UPDATE t SET ${sql.update({ a: Number.NaN, b: new Date(Number.NaN) })}`, "b"],
    ["a cycle", sql`SELECT ${sql.json(10n)}`, "sql.json"]
  ]
  for (const [name, statement, field] of cases) {
    it(name, () => assert.strictEqual(refusal(statement)?.field, field))
  }
  it("a plain call", () => {
    // @ts-expect-error a statement is a template, not a call
    const statement = sql("SELECT 1")
    assert.strictEqual(refusal(statement)?.field, "statement")
  })
  it("a plain string in the place of a statement", () => {
    // @ts-expect-error text is not a statement
    assert.strictEqual(refusal("SELECT 1")?.field, "statement")
  })
  it("never shows the value", () => assert.notInclude(refusal(sql`SELECT ${"hunter2\0"}`)?.message ?? "", "hunter2"))
})

describe("places that are code", () => {
  const cases: ReadonlyArray<readonly [string, Statement]> = [
    ["after a string with a quote in it", sql`SELECT 'it''s', ${1}`],
    ["after an escape string", sql`SELECT E'it\\'s', ${1}`],
    [
      "after a comment",
      sql`SELECT /* a */ ${1} -- b
      , ${2}`
    ],
    ["after a dollar quote", sql`SELECT $a$ ' $a$, ${1}`],
    ["after a dollar in a name", sql`SELECT a$b$, ${1}`]
  ]
  for (const [name, statement] of cases) it(name, () => assert.isTrue(Result.isSuccess(compile(statement))))
})
