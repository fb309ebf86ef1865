/** What the benchmark of streams moves. */

/** 1 GB through `CopySql.to`. */
export const copyBytes = 1_000_000_000
/** 100 bytes. */
export const copyLine: string = `${"effect-carto ".repeat(8).slice(0, 99)}\n`

/** A tenth of it all comes first, so that what is measured is what more of it takes. */
export const warmUpShare = 10

/** Statements by the tables that they name: the server looks for no more. */
export const tables = { copy: "storms", rows: "tornadoes", warmUp: "a_tenth_of_" } as const

/** 5 million rows through `Sql.stream`. */
export const rowCount = 5_000_000

export const columns = {
  id: { type: "number", pgtype: "int4" },
  name: { type: "string", pgtype: "text" },
  magnitude: { type: "number", pgtype: "float8" },
  at: { type: "date", pgtype: "timestamptz" }
} as const

const rows = 1000

/** Rows as COPY prints them; a multiple of them is all there are. */
export const rowBlock: { readonly rows: number; readonly text: string } = {
  rows,
  text: Array.from(
    { length: rows },
    (_, index) =>
      `${index}\ttornado number ${index}\t${index / 7}\t2026-01-01 00:00:${String(index % 60).padStart(2, "0")}+00\n`
  ).join("")
}

/** Answers to single queries, by the tables that they name. */
export const answers = {
  one_row: 1,
  thousand_rows: 1000
} as const

export const answer = (rows: number): string =>
  JSON.stringify({
    rows: Array.from({ length: rows }, (_, id) => ({
      id,
      name: `tornado number ${id}`,
      magnitude: id / 7,
      at: "2026-01-01T00:00:00Z"
    })),
    fields: columns,
    time: 0.001,
    total_rows: rows
  })
