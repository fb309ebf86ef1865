/** Converts PostgreSQL's rows to JavaScript objects. */
import type { Column } from "../../database.ts"
import type { Decoder, Json } from "./json.ts"
import { decoder } from "./values.ts"

/** Reads the values of a row into an object. */
export type RowReader = (values: ReadonlyArray<string | null>) => Record<string, Json>

/** The reader that is used before the columns are known. */
export const readNothing: RowReader = () => ({})

interface RowColumn {
  readonly name: string
  readonly index: number
  readonly decode: Decoder
}

const rowColumns = (
  columns: ReadonlyArray<Column>,
  skip: ReadonlySet<string>,
  nonFinite: "text" | "null"
): ReadonlyArray<RowColumn> =>
  columns
    .map(({ name, typeId }, index) => ({ name, index, decode: decoder(typeId, nonFinite) }))
    .filter(({ name }) => name !== "__proto__" && !skip.has(name))

/** Creates a reader that returns the values of a row by column name. If names repeat, the last column wins. */
export const rowReader = (
  columns: ReadonlyArray<Column>,
  skip: ReadonlySet<string>,
  nonFinite: "text" | "null" = "text"
): RowReader => {
  const wanted = rowColumns(columns, skip, nonFinite)
  return (values) => {
    const row: Record<string, Json> = {}
    for (const { decode, index, name } of wanted) {
      const text = values[index]
      row[name] = text === null || text === undefined ? null : decode(text)
    }
    return row
  }
}
