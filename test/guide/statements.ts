import { Sql, sql } from "../../src/index.ts"
import * as Effect from "effect/Effect"

const table = sql.identifier("public", "storms")

export const program = Effect.gen(function* () {
  const db = yield* Sql
  yield* db.query(sql`CREATE TABLE ${table} (id int, state text, at timestamptz, tags text[], more jsonb)`)
  yield* db.query(
    sql`INSERT INTO ${table} ${sql.insert([
      { id: 1, state: "OK", at: new Date(0), tags: ["wind", "hail"], more: sql.json({ size: 3 }) },
      { id: 2, state: "KS", tags: [] } // a column that a row does not have is NULL
    ])}`
  )
  yield* db.query(sql`UPDATE ${table} SET ${sql.update({ state: "TX" })} WHERE id = ${2}`)

  let where = sql.and([sql`id < ${100}`, sql`state IN (${sql.csv(["OK", "TX"])})`]) // also sql.or, sql.join
  where = sql`${where} AND ${["hail"]} <@ tags AND state ~ ${"^\\w+$"}`
  const { rows } = yield* db.query(sql`SELECT id, more FROM ${table} WHERE ${where} ORDER BY id`)
  return rows // [{ id: 1, more: { size: 3 } }]
})
