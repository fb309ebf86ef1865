/** Rows of text as a table with columns of even width. */
import { displayWidth } from "effect/cli/CliOutput"
import { printable } from "../../errors/internal/printable.ts"
import type { Paint } from "./colors.ts"

export interface Column {
  readonly name: string
  /** @default "left" */
  readonly align?: "left" | "right" | undefined
}

/** The text of a value; `null` and `undefined` are shown as NULL. */
export const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return "NULL"
  return printable(typeof value === "object" ? JSON.stringify(value) : String(value))
}

export const renderTable = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<unknown>>,
  paint: Paint
): string => {
  const cells = rows.map((row) => columns.map((_, index) => cellText(row[index])))
  const names = columns.map(({ name }) => printable(name))
  const widths = names.map((name, index) =>
    cells.reduce((width, row) => Math.max(width, displayWidth(row[index] ?? "")), displayWidth(name))
  )
  const pad = (text: string, index: number): string => {
    const space = " ".repeat((widths[index] ?? 0) - displayWidth(text))
    return columns[index]?.align === "right" ? space + text : text + space
  }
  const line = (texts: ReadonlyArray<string>) => texts.join("  ").trimEnd()
  const body = cells.map((row, at) =>
    line(row.map((text, index) => (isNull(rows[at]?.[index]) ? paint("dim", pad(text, index)) : pad(text, index))))
  )
  const heads = names.map((name, index) => paint("bold", pad(name, index)))
  return [line(heads), line(widths.map((width) => "─".repeat(width))), ...body].join("\n")
}

const isNull = (value: unknown): boolean => value === null || value === undefined
