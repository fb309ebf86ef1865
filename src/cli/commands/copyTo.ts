import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CartoError } from "../../errors/CartoError.ts"
import { CopySql } from "../../sql/CopySql.ts"
import { Sql } from "../../sql/Sql.ts"
import { sql } from "../../sql/Statement.ts"
import { withAccount } from "../account/account.ts"
import { type Format, formatOf, formats, isGzip } from "../copy/source.ts"
import { type CliFailure, failed, usage } from "../failure.ts"
import { parseName } from "../grants.ts"
import { splitStatements } from "../statements.ts"
import { message } from "../terminal/message.ts"
import { bytesText, type Meter, withProgress } from "../terminal/progress.ts"
import { encodeRows } from "../terminal/rows.ts"
import { writeStdout } from "../io/stdout.ts"

/** A name is a table; anything else is a query. */
const queryOf = Effect.fnUntraced(function* (text: string) {
  const [first, ...more] = parseName(text) ?? []
  if (first !== undefined && !/\s/.test(text.replaceAll(/"[^"]*"/g, ""))) {
    return sql`SELECT * FROM ${sql.identifier(first, ...more)}`
  }
  const { statements } = splitStatements(text)
  const [one] = statements
  return one === undefined || statements.length > 1
    ? yield* usage("give a table's name, or one query")
    : sql.unsafe(one)
})

const bytesOf = Effect.fnUntraced(function* (text: string, format: Format, header: boolean) {
  const query = yield* queryOf(text)
  const copy = yield* CopySql
  const db = yield* Sql
  switch (format) {
    case "csv":
    case "tsv": {
      const delimiter = format === "csv" ? "," : "\t"
      return copy.to(sql`COPY (${query}) TO STDOUT WITH (FORMAT csv, HEADER ${header}, DELIMITER ${delimiter})`)
    }
    case "text":
      return copy.to(sql`COPY (${query}) TO STDOUT`)
    case "ndjson":
      return Stream.encodeText(encodeRows(copy.toRows(query), "jsonl"))
    case "geojson":
      return (yield* db.export(query, { format: "geojson" })).bytes
  }
})

/** `indexOf` is native code: a loop over the bytes would take longer than the transfer. */
const newlines = (bytes: Uint8Array): number => {
  let count = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count += 1
  return count
}

const counted = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>, meter: Meter, lines: boolean) =>
  Stream.tap(bytes, (chunk) =>
    Effect.sync(() => {
      meter.bytes(chunk.length)
      if (lines) meter.rows(newlines(chunk))
    })
  )

const compressed = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, CliFailure | E, R> =>
  Stream.unwrap(
    Effect.map(Effect.context<R>(), (context) => {
      let failure: { readonly error: E } | undefined
      const source = bytes.pipe(
        Stream.map((chunk) => new Uint8Array(chunk)),
        Stream.tapError((error) =>
          Effect.sync(() => {
            failure = { error }
          })
        )
      )
      return Stream.fromReadableStream<Uint8Array, CliFailure | E>({
        evaluate: () => Stream.toReadableStreamWith(source, context).pipeThrough(new CompressionStream("gzip")),
        onError: (error) =>
          failure === undefined ? failed(error instanceof Error ? error.message : String(error)) : failure.error
      })
    })
  )

/** `effect-carto copy to SOURCE FILE` */
export const copyTo = Command.make(
  "to",
  {
    source: Argument.String("source").pipe(Argument.withDescription("[SCHEMA.]TABLE, or a query")),
    file: Argument.String("file").pipe(Argument.withDescription("The file to write; - for stdout")),
    format: Flag.Literals("format", formats).pipe(
      Flag.withMetavar("FORMAT"),
      Flag.withDescription(`${formats.join(", ")} (default: as the file's name says, or csv)`),
      Flag.optional
    ),
    gzip: Flag.Boolean("gzip").pipe(
      Flag.withDescription("Write gzip (default: if the file's name ends in .gz)"),
      Flag.optional
    ),
    header: Flag.Boolean("header").pipe(
      Flag.withDescription("Whether CSV begins with the names of its columns (default: yes)"),
      Flag.withDefault(true)
    )
  },
  Effect.fnUntraced(function* ({ file, format: asked, gzip, header, source }) {
    const format = Option.getOrUndefined(asked) ?? formatOf(file) ?? "csv"
    const packs = Option.getOrElse(gzip, () => isGzip(file))
    const files = yield* FileSystem.FileSystem
    let written = 0
    yield* withAccount(
      withProgress(undefined, (meter) =>
        Effect.gen(function* () {
          const plain = counted(yield* bytesOf(source, format, header), meter, format !== "geojson")
          const sent: Stream.Stream<Uint8Array, CartoError | CliFailure> = packs ? compressed(plain) : plain
          const bytes = Stream.tap(sent, (chunk) =>
            Effect.sync(() => {
              written += chunk.length
            })
          )
          if (file === "-") return yield* writeStdout(bytes)
          // what breaks off leaves no file that looks whole
          const temporary = `${file}.part`
          yield* Stream.run(bytes, files.sink(temporary)).pipe(
            Effect.andThen(files.rename(temporary, file)),
            Effect.onError(() => Effect.ignore(files.remove(temporary, { force: true }))),
            Effect.catchTag("PlatformError", (error) =>
              Effect.fail(failed(`${file} cannot be written: ${error.message}`))
            )
          )
        })
      )
    )
    if (file !== "-") yield* message(`Wrote ${file}, ${bytesText(written)}.`)
  })
).pipe(
  Command.withDescription("Copy a table or the rows of a query into a file, in bounded memory"),
  Command.withExamples([
    { command: "effect-carto copy to tornadoes tornadoes.csv.gz", description: "A table as CSV, gzip" },
    {
      command: "effect-carto copy to 'SELECT state, year FROM tornadoes' - --format ndjson",
      description: "A query as JSON lines on stdout"
    }
  ])
)
