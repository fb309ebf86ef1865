/** Prints data on stdout in the format of `--output`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { Output } from "../settings.ts"
import { paint } from "./colors.ts"
import { type Column, renderTable } from "./table.ts"

export type Item = Readonly<Record<string, unknown>>

/** As PostgreSQL's CSV: NULL is an empty field, an empty text is `""`. */
const csvField = (value: unknown): string => {
  if (value === null || value === undefined) return ""
  const text = typeof value === "object" ? JSON.stringify(value) : String(value)
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A line of CSV, without its end. */
export const csvLine = (values: ReadonlyArray<unknown>): string => values.map(csvField).join(",")

/** CSV with a header line. */
export const toCsv = (names: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<unknown>>): string =>
  [names, ...rows].map(csvLine).join("\n")

/** Prints items. `columns` chooses and orders what a table and CSV show; JSON has every property. */
export const presentItems = Effect.fnUntraced(function* (items: ReadonlyArray<Item>, columns: ReadonlyArray<Column>) {
  const names = columns.map(({ name }) => name)
  const rows = () => items.map((item) => names.map((name) => item[name]))
  switch (yield* Output) {
    case "json":
      return yield* Console.log(JSON.stringify(items, undefined, 2))
    case "jsonl":
      return items.length === 0 ? undefined : yield* Console.log(items.map((item) => JSON.stringify(item)).join("\n"))
    case "csv":
      return yield* Console.log(toCsv(names, rows()))
    case "table":
      return yield* Console.log(renderTable(columns, rows(), yield* paint))
  }
})

/** Prints one item: a table has a line for each property. */
export const presentItem = Effect.fnUntraced(function* (item: Item) {
  switch (yield* Output) {
    case "json":
      return yield* Console.log(JSON.stringify(item, undefined, 2))
    case "jsonl":
      return yield* Console.log(JSON.stringify(item))
    case "csv":
      return yield* Console.log(toCsv(Object.keys(item), [Object.values(item)]))
    case "table": {
      const rows = Object.entries(item)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, Array.isArray(value) ? value.join(" ") : value])
      return yield* Console.log(renderTable([{ name: "property" }, { name: "value" }], rows, yield* paint))
    }
  }
})
