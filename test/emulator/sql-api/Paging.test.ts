import { assert, describe, it } from "@effect/vitest"
import { paged } from "../../../src/emulator/sql-api/Paging.ts"

const page = { limit: 2, offset: 4 }

describe("paged", () => {
  it("drops one trailing semicolon, and nothing else without clauses", () => {
    assert.strictEqual(paged("select 1 -- a\n;  ", {}), "select 1 -- a\n")
    assert.strictEqual(paged("select 1;;", {}), "select 1;")
    assert.strictEqual(paged("select 1", { sortOrder: "desc" }), "select 1")
    assert.strictEqual(paged("select 1", { orderBy: "" }), "select 1")
  })
  it("wraps a SELECT", () => {
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
  it("leaves common table expressions outside, since some write", () => {
    assert.strictEqual(
      paged("with x as (delete from t returning a) select * from x", page),
      "with x as (delete from t returning a) SELECT * FROM (select * from x) AS cdbq_1 LIMIT 2 OFFSET 4"
    )
  })
  it("strips line comments when it wraps", () => {
    assert.strictEqual(
      paged("-- x\nselect 1 -- y", page),
      " \nselect 1  ".replace("select 1  ", "SELECT * FROM (select 1  ) AS cdbq_1 LIMIT 2 OFFSET 4")
    )
  })
  it("leaves other statements unpaged", () => {
    for (const sql of ["values (1)", "insert into t values (1) returning a", "select 1 into t"]) {
      assert.strictEqual(paged(sql, page), sql)
    }
  })
})
