/** Columns whose names look like personal data. */
import * as Effect from "effect/Effect"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { isStrings } from "../../../errors/internal/json.ts"
import { type QueryReason, Sql } from "../../../sql/Sql.ts"
import { sql } from "../../../sql/Statement.ts"

// whole words, between underscores, digits or a change of case
const words =
  "e?mail|phone|mobile|fax|ssn|passport|iban|birth|birthday|dob|surname|firstname|lastname|fullname|street|zip|postcode|gender|salary|password|credit|license|nationality|religion|ethnicity|ip"
const pairs =
  "(?:first|last|full|middle|maiden)_name|(?:home|postal|ip|e_?mail)_?address|date_of_birth|tax_(?:id|number)|id_number"
const personal = new RegExp(`(?:^|[_\\W\\d])(?:${pairs}|${words})(?:$|[_\\W\\d])`, "i")

const statement = sql`SELECT a.attrelid AS oid, pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace NOT IN (
  SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('pg_catalog', 'information_schema'))
GROUP BY a.attrelid`

/** By the table's oid. Needs the master key. */
export const personalColumns = (
  pattern?: RegExp
): Effect.Effect<ReadonlyMap<number, ReadonlyArray<string>>, CartoErrorOf<QueryReason>, Sql> => {
  // without the flags that make a pattern remember where it stopped
  const given = pattern === undefined ? undefined : new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ""))
  const looksPersonal = (name: string): boolean =>
    given === undefined ? personal.test(name.replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1_$2")) : given.test(name)
  return Effect.map(
    Sql.use((db) => db.query(statement, { idempotent: true })),
    ({ rows }) =>
      new Map(
        rows.flatMap(({ columns, oid }) => {
          const found = isStrings(columns) ? columns.filter(looksPersonal) : []
          return typeof oid === "number" && found.length > 0 ? [[oid, found] as const] : []
        })
      )
  )
}
