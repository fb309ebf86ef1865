import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { type ExportFormat, Sql } from "../../sql/Sql.ts"
import type { Statement } from "../../sql/Statement.ts"
import { withAccount } from "../account/account.ts"
import { failed, usage } from "../failure.ts"
import { parameterFlags, statementOf } from "../parameters.ts"
import { Output } from "../settings.ts"
import { readText } from "../io/files.ts"
import { message } from "../terminal/message.ts"
import { presentResult } from "../terminal/result.ts"
import { encodeRows } from "../terminal/rows.ts"
import { writeStdout } from "../io/stdout.ts"

const formats = [
  "arraybuffer",
  "csv",
  "geojson",
  "gpkg",
  "kml",
  "shp",
  "spatialite",
  "svg",
  "topojson"
] as const satisfies ReadonlyArray<ExportFormat>

/** The text of the statement: an argument, a file, or stdin. None on a terminal, which opens the shell. */
const textOf = Effect.fnUntraced(function* (argument: Option.Option<string>, file: Option.Option<string>) {
  if (Option.isSome(file)) {
    return Option.isSome(argument)
      ? yield* usage("give a statement or --file, not both")
      : Option.some(yield* readText(file.value))
  }
  if (Option.isSome(argument)) return Option.some(argument.value === "-" ? yield* readText("-") : argument.value)
  const stdio = yield* Stdio.Stdio
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (canPrompt) return Option.none<string>()
  return yield* (yield* stdio.stdinIsTerminal)
    ? usage("give a statement, --file FILE, or a statement on stdin")
    : Effect.asSome(readText("-"))
})

const exportTo = Effect.fnUntraced(function* (statement: Statement, format: ExportFormat, out: Option.Option<string>) {
  const db = yield* Sql
  const exported = yield* db.export(statement, { format })
  if (Option.isNone(out)) return yield* writeStdout(exported.bytes)
  const files = yield* FileSystem.FileSystem
  // what breaks off leaves no file that looks whole
  const temporary = `${out.value}.part`
  yield* Stream.run(exported.bytes, files.sink(temporary)).pipe(
    Effect.andThen(files.rename(temporary, out.value)),
    Effect.onError(() => Effect.ignore(files.remove(temporary, { force: true }))),
    Effect.catchTag("PlatformError", (error) => Effect.fail(failed(`${out.value} cannot be written: ${error.message}`)))
  )
  yield* message(`Wrote ${out.value} (${exported.contentType}).`)
})

/** `effect-carto sql [STATEMENT]` */
export const sqlCommand = Command.make(
  "sql",
  {
    statement: Argument.String("statement").pipe(
      Argument.withDescription("The SQL to run; - for stdin. Without it, a terminal opens the shell"),
      Argument.optional
    ),
    file: Flag.String("file").pipe(
      Flag.withAlias("f"),
      Flag.withMetavar("FILE"),
      Flag.withDescription("A file with the SQL to run"),
      Flag.optional
    ),
    ...parameterFlags,
    format: Flag.Literals("format", formats).pipe(
      Flag.withMetavar("FORMAT"),
      Flag.withDescription(`A file in a format of the server: ${formats.join(", ")}`),
      Flag.optional
    ),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Write the file of --format here (default: stdout)"),
      Flag.optional
    ),
    stream: Flag.Boolean("stream").pipe(
      Flag.withDescription("Print rows as they come, in bounded memory: with --output jsonl or csv"),
      Flag.withDefault(false),
      Flag.withoutNegation
    ),
    maxRows: Flag.Int("max-rows").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Rows that a table shows at most (default: 1000)"),
      Flag.withDefault(1000)
    )
  },
  Effect.fnUntraced(function* ({ file, format, maxRows, out, param, paramNull, statement: argument, stream }) {
    const text = yield* textOf(argument, file)
    if (Option.isNone(text)) {
      const { shell } = yield* Effect.promise(() => import("../shell/shell.ts"))
      return yield* withAccount(shell({ maxRows }))
    }
    const statement = yield* statementOf(text.value, { param, paramNull })
    if (Option.isSome(format)) return yield* withAccount(exportTo(statement, format.value, out))
    if (Option.isSome(out)) return yield* usage("--out needs --format")
    if (!stream) {
      const result = yield* withAccount(Sql.use((db) => db.query(statement)))
      return yield* presentResult(result, { maxRows, expanded: false, paged: true })
    }
    const output = yield* Output
    if (output === "table") return yield* usage("--stream needs --output jsonl or --output csv")
    yield* withAccount(Effect.flatMap(Sql, (db) => writeStdout(encodeRows(db.stream(statement), output))))
  })
).pipe(
  Command.withDescription("Run SQL, or open the SQL shell"),
  Command.withExamples([
    {
      command: "effect-carto sql 'SELECT * FROM tornadoes WHERE year = :year LIMIT 3' --param year=2025",
      description: "A statement with a parameter"
    },
    {
      command: "effect-carto sql 'SELECT * FROM tornadoes' --stream --output csv",
      description: "Every row as CSV, in bounded memory"
    },
    {
      command: "effect-carto sql 'SELECT * FROM tornadoes' --format geojson --out tornadoes.geojson",
      description: "A file in a format of the server"
    }
  ])
)
