import { assert, describe, it } from "@effect/vitest"
import { DateTime, Redacted, Result } from "effect"
import { compile } from "../../src/sql/internal/compile.ts"
import { sql, type Statement } from "../../src/sql/Statement.ts"

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
    ["a word after a value", sql`SELECT ${1}AS a`, "SELECT 1 AS a"],
    ["a value after U&", sql`SELECT U&${"a"}`, "SELECT U& 'a'"],
    ["a digit and a point after a value", sql`SELECT ${1}.5`, "SELECT 1 .5"],
    [
      "strings in an array, without a type",
      sql`SELECT ${["a'b", 'c"d', "e\\f"]}`,
      `SELECT E'{"a''b","c\\\\"d","e\\\\\\\\f"}'`
    ],
    ["-0 beside a number that float8 rounds", sql`SELECT ${[2 ** 53, -0]}`, `SELECT '{"9007199254740992","-0"}'`],
    ["NULL in an array, without a type", sql`SELECT ${[null]}`, "SELECT '{NULL}'"],
    ["empty arrays in an array", sql`SELECT ${[[], []]}`, "SELECT '{}'"],
    ["NULL beside numbers in arrays", sql`SELECT ${[[null], [1]]}`, "SELECT ARRAY['{NULL}', ARRAY[1]]"],
    ["JSON with dates", sql`SELECT ${sql.json([new Date(0)])}`, `SELECT '["1970-01-01T00:00:00.000Z"]'::jsonb`]
  ]
  for (const [name, statement, expected] of cases) {
    it(`sql writes ${name} as a literal`, () => assert.strictEqual(text(statement), expected))
  }
})

describe("composition", () => {
  it("sql.identifier quotes each part of a name", () =>
    assert.strictEqual(text(sql`SELECT * FROM ${sql.identifier("pub", 'a"b')}`), 'SELECT * FROM "pub"."a""b"'))
  it("a statement is put into another as it is", () => {
    const where = sql`year = ${2025}`
    assert.strictEqual(text(sql`SELECT * FROM t WHERE ${where}`), "SELECT * FROM t WHERE year = 2025")
  })
  it("sql.and and sql.or put each condition in parentheses", () => {
    assert.strictEqual(text(sql.and([sql`a = ${1}`, sql`b OR c`])), "(a = 1) AND (b OR c)")
    assert.strictEqual(text(sql.and([])), "TRUE")
    assert.strictEqual(text(sql.or([])), "FALSE")
  })
  it("sql.csv separates values by commas", () =>
    assert.strictEqual(text(sql`id IN (${sql.csv([1, "b"])})`), "id IN (1, 'b')"))
  it("sql.insert writes NULL where a row does not have a column", () =>
    assert.strictEqual(
      text(
        sql`INSERT INTO t ${sql.insert([
          { id: 1, name: "a" },
          { id: 2, at: sql`now()` }
        ])}`
      ),
      `INSERT INTO t ("id", "name", "at") VALUES (1, 'a', NULL), (2, NULL, now())`
    ))
  it("sql.update writes each column and its value", () =>
    assert.strictEqual(
      text(sql`UPDATE t SET ${sql.update({ name: "a", n: null, 'x"y': sql`n + 1` })} WHERE id = ${1}`),
      `UPDATE t SET "name" = 'a', "n" = NULL, "x""y" = n + 1 WHERE id = 1`
    ))
  it("sql.unsafe takes text as it is", () =>
    assert.strictEqual(text(sql`SELECT ${sql.unsafe("now()")}`), "SELECT now()"))
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
    ["a bigint in JSON", sql`SELECT ${sql.json(10n)}`, "sql.json"],
    ["a secret in JSON", sql`SELECT ${sql.json({ a: Redacted.make("s") })}`, "sql.json"],
    ["NaN in JSON", sql`SELECT ${sql.json([Number.NaN])}`, "sql.json"],
    ["a Map in JSON", sql`SELECT ${sql.json({ a: new Map([[1, 2]]) })}`, "sql.json"],
    ["bytes in JSON", sql`SELECT ${sql.json(new Uint8Array(1))}`, "sql.json"],
    ["NUL in a key of JSON", sql`SELECT ${sql.json({ "\0": 1 })}`, "sql.json"],
    ["undefined in an array of JSON", sql`SELECT ${sql.json([undefined])}`, "sql.json"],
    ["a value on the line after another", sql`SELECT ${"a"}\n${"b"}`, "value 1"],
    ["a value on the line after a comment after another", sql`SELECT ${"a"} -- c\n  ${"b"}`, "value 1"],
    ["a value on the line after a string", sql`SELECT 'a'\n${"b"}`, "value 1"],
    ["a string on the line after a value", sql`SELECT ${"a"}\n'b'`, "value 1"],
    ["a value on the line after an escape string", sql`SELECT E'a'\n${"b"}`, "value 1"],
    ["a value on the line after a Unicode string", sql`SELECT U&'a'\n${"!0041"} UESCAPE '!'`, "value 1"],
    ["a value on the line after bits", sql`SELECT B'0'\n${"1"}`, "value 1"],
    ["a value in a string that goes on in the next line", sql`SELECT E'a'\n'\\' , ${"x"} , '`, "value 1"],
    ["a hole in an array", sql`SELECT ${JSON.parse("[1]").concat(Object.assign([], { length: 1 }))}`, "value 1"],
    ["an array of 7 dimensions", sql`SELECT ${[[[[[[[1]]]]]]]}`, "value 1"],
    ["an array in a list", sql`SELECT 1 WHERE a IN (${["a", "b"]})`, "value 1"],
    ["an object that only looks like a date", sql`SELECT ${JSON.parse('{"epochMilliseconds": 0}')}`, "value 1"],
    [
      "an object that only looks like a DateTime",
      sql`SELECT ${JSON.parse('{"~effect/DateTime": "~effect/DateTime", "epochMilliseconds": 0}')}`,
      "value 1"
    ],
    ["a proxy that throws", sql`SELECT ${new Proxy([], { get: () => assert.fail("read") })}`, "value 1"],
    [
      "a proxy that throws when it is asked what it has",
      sql`SELECT ${new Proxy<never[]>([], { has: () => assert.fail("asked"), get: () => assert.fail("read") })}`,
      "value 1"
    ],
    ["an ArrayBuffer", sql`SELECT ${JSON.parse("[]").at(0) ?? (new ArrayBuffer(1) as never)}`, "value 1"],
    [
      "a column that is undefined",
      sql`INSERT INTO t ${sql.insert([JSON.parse("{}"), { a: undefined as never }])}`,
      "row 2.a"
    ],
    ["a row that is null", sql`INSERT INTO t ${sql.insert([null as never])}`, "row 1"],
    ["a row in the place of rows", sql`INSERT INTO t ${sql.insert({ a: 1 } as never)}`, "sql.insert"],
    ["a set in the place of an array", sql`id IN (${sql.csv(new Set([1]) as never)})`, "sql.csv"],
    ["a condition that is false", sql`SELECT ${sql.and([sql`TRUE`, false as never])}`, "sql.and[1]"],
    ["no array of conditions", sql`SELECT ${sql.or("TRUE" as never)}`, "sql.or"],
    ["a string among joined statements", sql`SELECT ${sql.join(["a" as never], ", ")}`, "sql.join[0]"],
    ["a separator that is not text", sql`SELECT ${sql.join([sql`a`, sql`b`], 5 as never)}`, "sql.join"],
    ["a name of no parts", sql`SELECT ${Reflect.apply(sql.identifier, undefined, [])}`, "identifier"],
    ["nothing in the place of columns to set", sql`UPDATE t SET ${sql.update(null as never)}`, "sql.update"],
    [
      "columns whose reading throws",
      sql`UPDATE t SET ${sql.update({
        get a(): never {
          return assert.fail("read")
        }
      })}`,
      "sql.update"
    ],
    [
      "rows whose reading throws",
      sql`INSERT INTO t ${sql.insert([
        {
          get a(): never {
            return assert.fail("read")
          }
        }
      ])}`,
      "sql.insert"
    ]
  ]
  for (const [name, statement, field] of cases) {
    it(`a statement with ${name} is refused and names ${field}`, () =>
      assert.strictEqual(refusal(statement)?.field, field))
  }
  it("sql called as a function makes a statement that is refused", () => {
    // @ts-expect-error a statement is a template, not a call
    const statement = sql("SELECT 1")
    assert.strictEqual(refusal(statement)?.field, "statement")
  })
  it("a string in the place of a statement is refused", () => {
    // @ts-expect-error text is not a statement
    assert.strictEqual(refusal("SELECT 1")?.field, "statement")
  })
  it("sql.insert does not take an inherited property for a column", () =>
    assert.strictEqual(
      text(sql`INSERT INTO t ${sql.insert([{ constructor: "a" }, { b: 1 }])}`),
      `INSERT INTO t ("constructor", "b") VALUES ('a', NULL), (NULL, 1)`
    ))
  it("a refusal does not show the value", () =>
    assert.notInclude(refusal(sql`SELECT ${"hunter2\0"}`)?.message ?? "", "hunter2"))
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
  for (const [name, statement] of cases) {
    it(`a value ${name} is accepted`, () => assert.isTrue(Result.isSuccess(compile(statement))))
  }
})

describe("backslashes in a template", () => {
  const refused: ReadonlyArray<readonly [string, Statement]> = [
    ["\\\\d", sql`SELECT a ~ '\d'`],
    ["\\\\N", sql`COPY t TO STDOUT (NULL '\N')`],
    ["\\\\'", sql`SELECT E'it\'s'`],
    ["\\\\.", sql`SELECT a ~ 'a\.b', ${1}`],
    ["\\\\$", sql`SELECT a ~ 'a\$'`]
  ]
  for (const [remedy, statement] of refused) {
    it(`a backslash that JavaScript drops is refused with the remedy ${remedy}`, () =>
      assert.include(refusal(statement)?.remedy, remedy.replaceAll("\\\\", "\\\\")))
  }
  it("an escaped backslash is one backslash in SQL", () => assert.strictEqual(text(sql`a ~ '\\d'`), "a ~ '\\d'"))
  it("the escapes that JavaScript knows are what JavaScript makes of them", () =>
    assert.strictEqual(text(sql`'\n\t\u00e9\x41\`\${}$\{'`), "'\n\t\u00e9A`${}${'"))
  it("text without escapes is taken as it is, also where it holds a backslash", () => {
    const strings = Object.assign(["SELECT '\\d'"], { raw: ["SELECT '\\d'"] })
    assert.strictEqual(text(sql(strings)), "SELECT '\\d'")
  })
})

describe("statements that grow", () => {
  const count = 20_000

  it("a condition that grows in a loop compiles in one pass", () => {
    let where = sql`a = ${0}`
    for (let index = 1; index < count; index += 1) where = sql`${where} OR a = ${index}`
    assert.strictEqual(text(where).split(" OR ").length, count)
  })
  it("conditions that sql.and nests compile in one pass", () => {
    let where = sql`TRUE`
    for (let index = 0; index < count; index += 1) where = sql.and([where, sql`a = ${index}`])
    assert.strictEqual(text(where).split(" AND ").length, count + 1)
  })
  it("an insert of 100,000 rows compiles", () => {
    const rows = Array.from({ length: 100_000 }, (_, a) => ({ a }))
    assert.isTrue(text(sql`INSERT INTO t ${sql.insert(rows)}`).endsWith("(99999)"))
  })
  it("a statement that doubles in a loop is refused and not built", () => {
    let doubled = sql`${1}, `
    for (let index = 0; index < 60; index += 1) doubled = sql`${doubled} ${doubled}`
    assert.include(refusal(doubled)?.message, "more parts than a server takes")
  })
})

describe("templates", () => {
  const one = (value: string | number | Statement) => text(sql`SELECT ${value}.5, E${value} FROM t`)
  it("a template compiles to the same text with each value, the first time and later", () => {
    for (let round = 0; round < 2; round += 1) {
      assert.strictEqual(one(1), "SELECT 1 .5, E 1 FROM t")
      assert.strictEqual(one("a"), "SELECT 'a' .5, E 'a' FROM t")
      assert.strictEqual(one(sql.identifier("a")), 'SELECT "a" .5, E "a" FROM t')
      assert.strictEqual(one(sql`b`), "SELECT b.5, Eb FROM t")
    }
  })
  it("texts that are no template are read again, since they may change", () => {
    const strings = Object.assign(["SELECT 1"], { raw: ["SELECT 1"] })
    assert.strictEqual(text(sql(strings)), "SELECT 1")
    strings[0] = "SELECT 2"
    assert.strictEqual(text(sql(strings)), "SELECT 2")
  })
  it("a template that is refused is refused the second time too", () => {
    const refuse = (value: string) => refusal(sql`SELECT '${value}'`)?.field
    assert.deepStrictEqual([refuse("a"), refuse("b")], ["value 1", "value 1"])
  })
})
