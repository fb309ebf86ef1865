/** Reports as Markdown. */
import { median, quantile } from "./median.ts"
import type { Quantity, Report, Row, Table } from "./Report.ts"

/** Three significant digits, and at most two after the point. */
export const digits = (value: number): string => {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US")
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

/** Half the distance of the quartiles, as a share of the median. */
const spread = (values: ReadonlyArray<number>): number => {
  const middle = median(values)
  return middle === 0 ? 0 : (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / Math.abs(middle)
}

const quantityText = ({ unit, values }: Quantity): string =>
  values.length === 1
    ? `${digits(median(values))} ${unit}`.trim()
    : `${digits(median(values))} ${unit} ± ${Math.round(spread(values) * 100)} %`

export const markdownTable = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>, fill = " ") =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`
  const [head = [], ...rest] = rows
  return [
    line(head),
    line(
      head.map(() => ""),
      "-"
    ),
    ...rest.map((row) => line(row))
  ].join("\n")
}

const columnsOf = ({ rows }: Table): ReadonlyArray<string> => [
  ...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))
]

/** The ratio of two quantities of the same run. */
const ratio = (row: Row, baseline: Row | undefined, column: string): string => {
  const [one, other] = [row.cells[column], baseline?.cells[column]]
  return one === undefined || other === undefined ? "" : (median(one.values) / median(other.values)).toFixed(2)
}

const tableText = (table: Table): string => {
  const columns = columnsOf(table)
  const baseline = table.rows.find(({ name }) => name === table.baseline)
  const head = columns.flatMap((column) => (baseline === undefined ? [column] : [column, `× ${baseline.name}`]))
  const body = table.rows.map((row) => [
    row.name,
    ...columns.flatMap((column) => {
      const cell = row.cells[column]
      const text = cell === undefined ? "" : quantityText(cell)
      return baseline === undefined ? [text] : [text, ratio(row, baseline, column)]
    })
  ])
  return `${table.title}\n\n${markdownTable([["", ...head], ...body])}`
}

/** Medians with half the distance of their quartiles, and ratios where a table has a baseline. */
export const render = ({ failures, tables }: Report): string =>
  [...tables.map(tableText), ...failures.map((failure) => `FAILED: ${failure}`)].join("\n\n")
