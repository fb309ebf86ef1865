/** What PostgreSQL's messages mean: each rule, and that none sees words of the user's own inside another message. */
import { assert, describe, it } from "@effect/vitest"
import { classifyError } from "../../../src/sql/internal/classifyError.ts"

const messages: ReadonlyArray<readonly [string, string]> = [
  [
    "You are over platform's limits: SQL query timeout error. Refactor your query before running again",
    "StatementTimeout"
  ],
  ["canceling statement due to statement timeout", "StatementTimeout"],
  ["system tables are forbidden", "SystemTableForbidden"],
  ['syntax error at or near "selec"', "SqlSyntax"],
  ["syntax error at end of input", "SqlSyntax"],
  [`unterminated quoted string at or near "'abc"`, "SqlSyntax"],
  ['unterminated quoted identifier at or near ""abc"', "SqlSyntax"],
  ['unterminated /* comment at or near "/* abc"', "SqlSyntax"],
  ['zero-length delimited identifier at or near """"', "SqlSyntax"],
  ['trailing junk after numeric literal at or near "1a"', "SqlSyntax"],
  ['relation "nope" does not exist', "UndefinedTable"],
  ['missing FROM-clause entry for table "t"', "UndefinedTable"],
  ['column "a" of relation "t" does not exist', "UndefinedColumn"],
  ["column t.a does not exist", "UndefinedColumn"],
  ["function f(integer) does not exist", "UndefinedFunction"],
  ["procedure f(integer) does not exist", "UndefinedFunction"],
  ["operator does not exist: text = integer", "UndefinedFunction"],
  ['duplicate key value violates unique constraint "t_pkey"', "UniqueViolation"],
  ['null value in column "a" of relation "t" violates not-null constraint', "NotNullViolation"],
  ["domain d does not allow null values", "NotNullViolation"],
  ['insert or update on table "t" violates foreign key constraint "f"', "ForeignKeyViolation"],
  ['update or delete on table "t" violates foreign key constraint "f" on table "u"', "ForeignKeyViolation"],
  ['new row for relation "t" violates check constraint "c"', "CheckViolation"],
  ['value for domain d violates check constraint "c"', "CheckViolation"],
  ['conflicting key value violates exclusion constraint "e"', "ExclusionViolation"],
  ["must be owner of table places", "NotOwner"],
  ["permission denied for table secrets", "PermissionDenied"],
  ["permission denied to create database", "PermissionDenied"]
]

describe("messages of PostgreSQL", () => {
  for (const [description, tag] of messages) {
    it(`the message ${JSON.stringify(description)} is ${tag}, and nothing when a user's text holds it`, () => {
      assert.strictEqual(classifyError({ description })._tag, tag)
      // a value or a name of the user's that says the same
      assert.strictEqual(
        classifyError({ description: `invalid input syntax for type integer: "${description}"` })._tag,
        "QueryFailed"
      )
      assert.strictEqual(classifyError({ description: `${"x".repeat(9)} ${description} y` })._tag, "QueryFailed")
    })
  }
  it("a name in a message may hold quotes and newlines", () => {
    assert.strictEqual(classifyError({ description: 'relation "a"\n"b" does not exist' })._tag, "UndefinedTable")
  })
  it("a status that denies makes PermissionDenied of a message without a rule", () => {
    assert.strictEqual(classifyError({ description: "Geocoding permission denied" }, true)._tag, "PermissionDenied")
    assert.strictEqual(classifyError({ description: "system tables are forbidden" }, true)._tag, "SystemTableForbidden")
  })
  it("a denied permission names the type and the name of its object", () => {
    const reason = classifyError({ description: 'permission denied for materialized view a "b' })
    assert.deepStrictEqual(reason._tag === "PermissionDenied" && [reason.objectType, reason.object], [
      "materialized view",
      'a "b'
    ])
  })
  it("a syntax error of another language is not one of SQL, whatever the text in it is", () => {
    const description = `syntax error in tsquery: "a at or near "b"`
    assert.strictEqual(classifyError({ description })._tag, "QueryFailed")
  })
  it("a long message is read in linear time", () => {
    // four rules were quadratic: a message of this size took hours
    const filler = ['" of relation "', " violates ", '" violates check constraint "', "x"]
    for (const begin of messages.map(([description]) => description.split('"')[0] ?? "")) {
      for (const part of filler) classifyError({ description: `${begin}"${part.repeat(200_000)}` })
    }
  })
  it("an argument without a type has a hint to cast it", () => {
    const reason = classifyError({ description: "function unnest(unknown) is not unique" })
    assert.include(reason.message, "::text[]")
  })
})
