/**
 * CARTO as a `SqlClient` of `effect/sql`, so that its statements, schemas, resolvers and repositories work over the SQL
 * API. Every statement is one request, and several in one text are one transaction; there is no other.
 *
 * As with every `SqlClient`, an object with the members of a fragment is taken for SQL text: read input of others with a
 * schema before it becomes a value.
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
import { identifier } from "./internal/identifier.ts"
import { inlineParameters } from "./internal/sqlClient/inlineParameters.ts"
import { toSqlError } from "./internal/sqlClient/toSqlError.ts"
import type { QueryResult, Row } from "./internal/responses.ts"
import { Sql } from "./Sql.ts"
import { sql } from "./Statement.ts"

export interface Options {
  /** Makes a column or table name of each identifier: `camelToSnake` of `effect/String`. */
  readonly transformQueryNames?: ((name: string) => string) | undefined
  /** Makes a property name of each column of a row: `snakeToCamel` of `effect/String`. */
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

/** A `SqlClient` over the `Sql` service. */
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
      Effect.map(run("executeValues", text, values), ({ rows }) => rows.map((row) => Object.values(row)))

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
 * A `SqlClient` whose names are transformed both ways.
 *
 * Values of a statement are put into its text as literals; one that cannot be a literal is a `SqlError` before any
 * request. A `SqlError` has the `CartoError` as the cause of its reason. `withTransaction` and `reserve` fail, and so
 * does what needs them, as `Migrator`. Rows are those of `Sql.query`: see `effect-carto/Column` for schemas of them.
 */
export const layerWith = (options: Options): Layer.Layer<Client.SqlClient, never, Sql> =>
  Layer.effect(Client.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))

/** As `layerWith`, with names as they are. */
export const layer: Layer.Layer<Client.SqlClient, never, Sql> = layerWith({})

/** A `jsonb` value, for a template and for the `insert` and `update` helpers. */
export const json = (value: unknown): SqlStatement.Fragment =>
  SqlStatement.fragment([SqlStatement.parameter(sql.json(value))])
