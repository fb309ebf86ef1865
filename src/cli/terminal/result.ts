/** The result of a statement. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { printable } from "../../errors/internal/printable.ts"
import type { Field, QueryResult, Row } from "../../sql/Sql.ts"
import { Output } from "../settings.ts"
import { paint } from "./colors.ts"
import { message } from "./message.ts"
import { page } from "./pager.ts"
import { presentItems } from "./present.ts"
import { type Column, renderTable } from "./table.ts"

export interface ResultOptions {
  readonly maxRows: number
  /** A line for each column, as `\x` of psql. */
  readonly expanded: boolean
  /** Whether a long table goes through a pager. */
  readonly paged: boolean
}

const columnsOf = (fields: Readonly<Record<string, Field>>): ReadonlyArray<Column> =>
  Object.entries(fields).map(([name, { type }]) => ({ name, align: type === "number" ? "right" : "left" }))

const rowCount = (rows: number): string => `(${rows} ${rows === 1 ? "row" : "rows"})`

export const presentResult = Effect.fnUntraced(function* (
  { fields, notices, rows, totalRows, warnings }: QueryResult<Row>,
  { expanded, maxRows, paged }: ResultOptions
) {
  for (const notice of notices) yield* message(`NOTICE: ${printable(notice)}`)
  for (const warning of warnings) yield* message(`WARNING: ${printable(warning)}`)
  const columns = columnsOf(fields)
  if ((yield* Output) !== "table") return yield* presentItems(rows, columns)
  if (columns.length === 0) return yield* message(`OK, ${totalRows} ${totalRows === 1 ? "row" : "rows"} affected`)
  const shown = rows.slice(0, maxRows)
  const painter = yield* paint
  if (expanded) {
    for (const [index, row] of shown.entries()) {
      yield* Console.log(painter("bold", `─ row ${index + 1} `.padEnd(30, "─")))
      const values = columns.map(({ name }) => [name, row[name]])
      yield* Console.log(renderTable([{ name: "column" }, { name: "value" }], values, painter))
    }
  } else {
    const values = shown.map((row) => columns.map(({ name }) => row[name]))
    const table = renderTable(columns, values, painter)
    yield* paged ? page(table) : Console.log(table)
  }
  yield* message(
    shown.length < rows.length
      ? `(the first ${shown.length} of ${rows.length} rows; --max-rows shows more)`
      : rowCount(rows.length)
  )
})
