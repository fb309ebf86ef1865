/** Rows of text in columns of even width. */
import { printable } from "../../../errors/internal/printable.ts"

/** Two spaces between columns, a line under the head. */
export const textTable = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const cells = [head, ...rows].map((row) => row.map(printable))
  const widths = head.map((_, column) =>
    cells.reduce((widest, row) => Math.max(widest, [...(row[column] ?? "")].length), 0)
  )
  const pad = (text: string, column: number) => text + " ".repeat((widths[column] ?? 0) - [...text].length)
  const lines = cells.map((row) => row.map(pad).join("  ").trimEnd())
  return [lines[0], widths.map((width) => "─".repeat(width)).join("  "), ...lines.slice(1)].join("\n")
}
