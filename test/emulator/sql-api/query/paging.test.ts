import { assert, describe, it } from "@effect/vitest"
import { paged } from "../../../../src/emulator/sql-api/query/paging.ts"

const page = { limit: 2, offset: 4 }

describe("paged", () => {
  it("paged without clauses drops one trailing semicolon and nothing else", () => {
    assert.strictEqual(paged("select 1 -- a\n;  ", {}), "select 1 -- a\n")
    assert.strictEqual(paged("select 1;;", {}), "select 1;")
    assert.strictEqual(paged("select 1", { sortOrder: "desc" }), "select 1")
    assert.strictEqual(paged("select 1", { orderBy: "" }), "select 1")
  })
  it("paged wraps a SELECT", () => {
    assert.strictEqual(paged("select a from t;", page), "SELECT * FROM (select a from t) AS cdbq_1 LIMIT 2 OFFSET 4")
    assert.strictEqual(
      paged("select a from t", { ...page, orderBy: 'A"', sortOrder: "DeSc" }),
      'SELECT * FROM (select a from t) AS cdbq_1 ORDER BY "A"" DESC LIMIT 2 OFFSET 4'
    )
    assert.strictEqual(
      paged("select a from t", { orderBy: "a", sortOrder: "sideways" }),
      'SELECT * FROM (select a from t) AS cdbq_1 ORDER BY "a"'
    )
  })
  it("paged leaves common table expressions outside the wrapped query, because they may write", () => {
    assert.strictEqual(
      paged("with x as (delete from t returning a) select * from x", page),
      "with x as (delete from t returning a)SELECT * FROM ( select * from x) AS cdbq_1 LIMIT 2 OFFSET 4"
    )
  })
  it("paged strips line comments when it wraps", () => {
    assert.strictEqual(paged("-- x\nselect 1 -- y", page), "SELECT * FROM ( select 1  ) AS cdbq_1 LIMIT 2 OFFSET 4")
  })
  it("paged treats text after -- as a comment, also inside quotes", () => {
    assert.strictEqual(
      paged("select 'a--b'\n, 'c'", page),
      "SELECT * FROM (select 'a , 'c') AS cdbq_1 LIMIT 2 OFFSET 4"
    )
  })
  it("paged does not change other statements", () => {
    for (const sql of [
      "values (1)",
      "insert into t values (1) returning a",
      "select 1 into t",
      'select 1 into "t u"',
      "select*from t",
      "/* a */ select 1",
      "with a as (select 1) , b as (select 2) select * from a, b",
      "with a as (select '(') update t set b = 1",
      "with a as (select 1"
    ]) {
      assert.strictEqual(paged(sql, page), sql)
    }
  })
  it("paged finds the end of common table expressions that contain quotes", () => {
    const expressions = "with a as (select ')''(' as \")\"\"(\"),b as (select (1)) "
    assert.strictEqual(
      paged(`${expressions}select * from a`, { limit: 1, offset: 0 }),
      `${expressions.slice(0, -1)}SELECT * FROM ( select * from a) AS cdbq_1 LIMIT 1 OFFSET 0`
    )
  })
})
