import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { JsonObject } from "../../errors/internal/json.ts"
import { CopySql } from "../../sql/CopySql.ts"
import { Sql } from "../../sql/Sql.ts"
import { sql } from "../../sql/Statement.ts"
import { withAccount } from "../account/account.ts"
import { sampleRecords, sampleSize } from "../copy/csv.ts"
import { inferColumns, type InferredColumn } from "../copy/inferColumns.ts"
import { peek } from "../copy/peek.ts"
import { features, ndjson } from "../copy/records.ts"
import { type Format, formatOf, formats, isGzip, open, sizeOf } from "../copy/source.ts"
import { failed, usage } from "../failure.ts"
import { parseName } from "../grants.ts"
import { message } from "../terminal/message.ts"
import { presentItem } from "../terminal/present.ts"
import { type Meter, withProgress } from "../terminal/progress.ts"

/** Rows from which the columns of JSON are known. */
const sampleRows = 1000

type Target = readonly [string, ...Array<string>]

const createTable = Effect.fnUntraced(function* (target: Target, columns: ReadonlyArray<InferredColumn>) {
  const definitions = columns.map(({ name, type }) => sql`${sql.identifier(name)} ${sql.unsafe(type)}`)
  const db = yield* Sql
  yield* db.query(sql`CREATE TABLE ${sql.identifier(...target)} (${sql.join(definitions, ", ")})`)
  yield* message(`Created ${target.join(".")}: ${columns.map(({ name, type }) => `${name} ${type}`).join(", ")}`)
})

/** Runs a copy into a table that was created for it: if the copy fails, the table goes again. */
const into = <A, E, R>(
  target: Target,
  columns: ReadonlyArray<InferredColumn> | undefined,
  copy: Effect.Effect<A, E, R>
) =>
  columns === undefined
    ? copy
    : Effect.andThen(
        createTable(target, columns),
        Effect.onError(copy, () =>
          Sql.use((db) => db.query(sql`DROP TABLE IF EXISTS ${sql.identifier(...target)}`)).pipe(
            Effect.andThen(message(`Dropped ${target.join(".")} again.`)),
            Effect.ignore
          )
        )
      )

interface Job {
  readonly file: string
  readonly target: Target
  readonly format: Format
  readonly gzip: boolean
  readonly header: boolean
  readonly create: boolean
  readonly meter: Meter
}

const copyLines = Effect.fnUntraced(function* ({ create, file, format, gzip, header, meter, target }: Job) {
  const copy = yield* CopySql
  const source = yield* open(file, gzip, meter)
  const table = sql.identifier(...target)
  if (format === "text") {
    if (create) return yield* usage("--create-table needs column names: use CSV, TSV, GeoJSON or NDJSON")
    return yield* copy.from(sql`COPY ${table} FROM STDIN`, source, { gzip: true })
  }
  const delimiter = format === "csv" ? "," : "\t"
  let size = 0
  const { head, stream } = yield* peek(source, (chunks) => {
    size += chunks.at(-1)?.length ?? 0
    return size >= (create ? sampleSize : 1 << 16)
  })
  const text = new TextDecoder().decode(yield* joined(head))
  const [names = [], ...rows] = yield* sampleRecords(text, delimiter, size >= (create ? sampleSize : 1 << 16))
  if (names.length === 0) return yield* failed("the file has no rows")
  if (create && !header) return yield* usage("--create-table takes the column names from a header row")
  const columns = header
    ? sql` (${sql.join(
        names.map((name) => sql.identifier(name)),
        ", "
      )})`
    : sql``
  const options = sql`FORMAT csv, HEADER ${header}, DELIMITER ${delimiter}`
  return yield* into(
    target,
    create ? inferColumns(names, rows.slice(0, sampleRows)) : undefined,
    copy.from(sql`COPY ${table}${columns} FROM STDIN WITH (${options})`, stream, { gzip: true })
  )
})

const joined = (chunks: ReadonlyArray<Uint8Array>) =>
  Effect.sync(() => {
    const all = new Uint8Array(chunks.reduce((size, { length }) => size + length, 0))
    let at = 0
    for (const chunk of chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all
  })

const copyRecords = Effect.fnUntraced(function* ({ create, file, format, gzip, meter, target }: Job) {
  const copy = yield* CopySql
  const source = yield* open(file, gzip, meter)
  const { head, stream } = yield* peek(
    format === "geojson" ? features(source) : ndjson(source),
    (rows) => rows.length >= sampleRows
  )
  const [first, ...others] = [...new Set(head.flatMap((row) => Object.keys(row)))]
  if (first === undefined) return yield* failed("the file has no rows")
  const names = [first, ...others] as const
  const known = new Set<string>(names)
  const inferred = create
    ? inferColumns(
        names,
        head.map((row) => names.map((name) => row[name]))
      )
    : undefined
  const json =
    inferred === undefined
      ? yield* jsonColumns(target, names)
      : new Set(inferred.filter(({ type }) => type === "jsonb").map(({ name }) => name))
  const checked = stream.pipe(
    Stream.zipWithIndex,
    Stream.mapEffect(([row, index]) => {
      meter.rows(1)
      const unknown = Object.keys(row).find((name) => !known.has(name))
      return unknown === undefined
        ? Effect.succeed(rowOf(names, json, row))
        : Effect.fail(failed(`record ${index + 1} has "${unknown}", which no record of the first ${head.length} has`))
    })
  )
  const [last = "", schema] = [target.at(-1), target.length === 2 ? target[0] : undefined]
  return yield* into(
    target,
    inferred,
    copy.fromRows({ table: schema === undefined ? last : [schema, last], columns: names }, checked, { gzip: true })
  )
})

/** Columns of JSON: an array goes there as JSON, and elsewhere as an array of PostgreSQL. */
const jsonColumns = Effect.fnUntraced(
  function* (target: Target, names: ReadonlyArray<string>) {
    const columns = sql.join(
      names.map((name) => sql.identifier(name)),
      ", "
    )
    const { fields } = yield* Sql.use((db) =>
      db.query(sql`SELECT ${columns} FROM ${sql.identifier(...target)} LIMIT 0`)
    )
    return new Set(names.filter((name) => /^jsonb?$/.test(fields[name]?.pgtype ?? "")))
    // a key that may insert but not select
  },
  Effect.catchReason("CartoError", "PermissionDenied", () => Effect.succeed(new Set<string>()))
)

/** A geometry is text that PostGIS reads. */
const rowOf = (names: ReadonlyArray<string>, json: ReadonlySet<string>, row: JsonObject): JsonObject =>
  Object.fromEntries(
    names.map((name) => {
      const value = row[name] ?? null
      const isText = json.has(name) || (name === "the_geom" && typeof value === "object")
      return [name, isText && value !== null ? JSON.stringify(value) : value]
    })
  )

/** `effect-carto copy from FILE TABLE` */
export const copyFrom = Command.make(
  "from",
  {
    file: Argument.String("file").pipe(Argument.withDescription("CSV, TSV, COPY text, GeoJSON or NDJSON; - for stdin")),
    table: Argument.String("table").pipe(Argument.withDescription("[SCHEMA.]TABLE to copy into")),
    format: Flag.Literals("format", formats).pipe(
      Flag.withMetavar("FORMAT"),
      Flag.withDescription(`${formats.join(", ")} (default: as the file's name says)`),
      Flag.optional
    ),
    gzip: Flag.Boolean("gzip").pipe(
      Flag.withDescription("The data is gzip (default: if the file's name ends in .gz)"),
      Flag.optional
    ),
    header: Flag.Boolean("header").pipe(
      Flag.withDescription("Whether the first row of CSV names the columns (default: yes)"),
      Flag.withDefault(true)
    ),
    create: Flag.Boolean("create-table").pipe(
      Flag.withDescription("Create the table, with types inferred from the first rows"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  Effect.fnUntraced(function* ({ create, file, format: asked, gzip, header, table }) {
    const format = Option.getOrUndefined(asked) ?? formatOf(file)
    if (format === undefined) return yield* usage(`the name "${file}" does not say its format: give --format`)
    const [first, ...more] = parseName(table) ?? []
    if (first === undefined) return yield* usage(`"${table}" is not a table's name: give [SCHEMA.]TABLE`)
    const target: Target = [first, ...more]
    const size = yield* sizeOf(file)
    const result = yield* withAccount(
      Effect.scoped(
        withProgress(size, (meter) => {
          const job = { create, file, format, gzip: Option.getOrElse(gzip, () => isGzip(file)), header, meter, target }
          return format === "ndjson" || format === "geojson" ? copyRecords(job) : copyLines(job)
        })
      )
    )
    yield* presentItem({ table: target.join("."), rows: result.rows, seconds: result.time })
  })
).pipe(
  Command.withDescription("Copy a file into a table, in bounded memory"),
  Command.withExamples([
    {
      command: "effect-carto copy from places.csv places --create-table",
      description: "The header row names the columns; types come from the data"
    },
    { command: "effect-carto copy from rows.ndjson.gz public.rows", description: "One JSON object a line, gzip" }
  ])
)
