/**
 * CARTO as a `SqlClient` of `effect/sql`, so that its statements, schemas, resolvers and repositories work over the SQL API.
 * Each statement is one request. Several statements in one text are one transaction. There is no other transaction.
 *
 * As with every `SqlClient`, an object with the members of a fragment is taken for SQL text. Read foreign input with a schema
 * before it becomes a value.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Client from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import * as SqlStatement from "effect/sql/Statement"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { cartoError } from "../errors/internal/cartoError.ts"
import { quote } from "../errors/internal/printable.ts"
import { identifier } from "./internal/identifier.ts"
import { inlineParameters } from "./internal/sqlClient/inlineParameters.ts"
import { toSqlError } from "./internal/sqlClient/toSqlError.ts"
import type { QueryResult, Row } from "./internal/responses.ts"
import { Sql } from "./Sql.ts"
import { sql } from "./Statement.ts"

/** Options of {@link layerWith}. */
export interface Options {
  /** Makes a column or table name of each identifier, as `camelToSnake` of `effect/String` does. @default the name itself */
  readonly transformQueryNames?: ((name: string) => string) | undefined
  /** Makes a property name of each column of a row, as `snakeToCamel` of `effect/String` does. @default the name itself */
  readonly transformResultNames?: ((name: string) => string) | undefined
}

/** A name with dots is a path, as in every compiler of `effect/sql`. A name that cannot be one makes text that is refused. */
const escapeIdentifier = (name: string): string =>
  name
    .split(".")
    .map((part) => Result.getOrElse(identifier(part), () => "\0"))
    .join(".")

const makeCompiler = (transform: (name: string) => string): SqlStatement.Compiler =>
  SqlStatement.makeCompiler<SqlStatement.Custom>({
    dialect: "pg",
    placeholder: (index) => `$${index}`,
    onIdentifier: (name, withoutTransform) => escapeIdentifier(withoutTransform ? name : transform(name)),
    onRecordUpdate: (placeholders, alias, columns, values, returning) => [
      `(values ${placeholders}) AS ${alias}${columns}${returning === undefined ? "" : ` RETURNING ${returning[0]}`}`,
      returning === undefined ? values.flat() : [...values.flat(), ...returning[1]]
    ],
    // another driver's fragment: PostgreSQL refuses a parameter 0, while no text at all might pass
    onCustom: () => ["$0", []]
  })

const noSession = Effect.failSync(
  () =>
    new SqlError({
      reason: new UnknownError({
        cause: undefined,
        operation: "acquireConnection",
        message:
          "the SQL API keeps no session, so no transaction can stay open: " +
          "write statements that belong together as one, separated by semicolons, and they run as one transaction"
      })
    })
)

/** Names that objects put before all others, in the order of the numbers, also on the server. */
const isIndex = /^(?:0|[1-9]\d{0,9})$/

const noOrder = (name: string): Effect.Effect<never, SqlError> =>
  Effect.fail(
    new SqlError({
      reason: new UnknownError({
        cause: undefined,
        operation: "executeValues",
        message:
          `the order of the columns is lost, since the name of column ${quote(name)} is a number: ` +
          "give it another name with AS, or read rows by name"
      })
    })
  )

/** Makes a `SqlClient` over the `Sql` service. See {@link layerWith}. */
export const make = ({ transformQueryNames = identity, transformResultNames }: Options = {}): Effect.Effect<
  Client.SqlClient,
  never,
  Sql | Reactivity.Reactivity
> =>
  Effect.gen(function* () {
    const db = yield* Sql

    const run = (
      operation: string,
      text: string,
      values: ReadonlyArray<unknown>
    ): Effect.Effect<QueryResult<Row>, SqlError> =>
      Effect.fromResult(inlineParameters(text, values)).pipe(
        Effect.mapError((reason) => cartoError("Sql.query", reason)),
        Effect.flatMap((statement) => db.query(statement)),
        Effect.mapError((error) => toSqlError(operation, error))
      )

    const execute =
      (operation: string): Connection["execute"] =>
      (text, values, transformRows) =>
        Effect.map(run(operation, text, values), ({ rows }) =>
          transformRows === undefined ? rows : transformRows(rows)
        )
    const executeRows = execute("execute")
    const executeStream = execute("executeStream")

    const executeValues: Connection["executeValues"] = (text, values) =>
      Effect.flatMap(run("executeValues", text, values), ({ rows }) => {
        const columns = Object.keys(rows[0] ?? {})
        const numbered = columns.length > 1 ? columns.find((name) => isIndex.test(name)) : undefined
        return numbered === undefined ? Effect.succeed(rows.map((row) => Object.values(row))) : noOrder(numbered)
      })

    const connection: Connection = {
      execute: executeRows,
      executeUnprepared: executeRows,
      executeRaw: (text, values) => run("executeRaw", text, values),
      executeValues,
      executeValuesUnprepared: executeValues,
      executeStream: (text, values, transformRows) =>
        Stream.fromIterableEffect(executeStream(text, values, transformRows))
    }

    return yield* Client.make({
      acquirer: Effect.succeed(connection),
      borrower: (use) => use(connection),
      transactionAcquirer: noSession,
      compiler: makeCompiler(transformQueryNames),
      driver: "carto",
      spanAttributes: [["db.system.name", "postgresql"]],
      ...(transformResultNames === undefined
        ? {}
        : { transformRows: SqlStatement.defaultTransforms(transformResultNames, false).array })
    })
  })

/**
 * The layer of a `SqlClient` with options.
 *
 * Values of a statement are put into its text as literals. A value that cannot be a literal is a `SqlError` before any request.
 * The cause of a `SqlError`'s reason is the `CartoError`. `withTransaction` and `reserve` fail, and so does what needs them, such
 * as `Migrator`. Rows are those of `Sql.query`: see `effect-carto/Column` for schemas. The server merges columns of the same name,
 * so give each column of a join a name of its own. `.values` fails if the name of one of several columns is a number.
 */
export const layerWith = (options: Options): Layer.Layer<Client.SqlClient, never, Sql> =>
  Layer.effect(Client.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))

/** The layer of a `SqlClient` that keeps names as they are. See {@link layerWith}. */
export const layer: Layer.Layer<Client.SqlClient, never, Sql> = layerWith({})

/** Makes a `jsonb` value for a template and for the `insert` and `update` helpers. */
export const json = (value: unknown): SqlStatement.Fragment =>
  SqlStatement.fragment([SqlStatement.parameter(sql.json(value))])
