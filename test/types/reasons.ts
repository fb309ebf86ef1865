/** The types say which reasons each method can fail with. Checked by the compiler; nothing here runs. */
import { Effect, type Layer, Schema, Stream } from "effect"
import {
  type ApiKeyManager,
  type ApiKeyManagerService,
  Auth,
  type BatchSql,
  type BatchSqlService,
  type Carto,
  type CartoError,
  type CartoErrorOf,
  type CopySql,
  type CopySqlService,
  GeoJson,
  type InvalidInput,
  type QueryResult,
  type Row,
  type Sql,
  type SqlService,
  sql
} from "../../src/index.ts"
import * as Keyset from "../../src/sql/Keyset.ts"
import type { methods } from "../errors/reasonLists.ts"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(equal: Equal<A, B>): void => void equal

type Tags<E> = E extends CartoError ? E["reason"]["_tag"] : never
type TagsOf<T> = T extends (...args: never) => infer R
  ? TagsOf<R>
  : T extends Effect.Effect<infer _A, infer E, infer _R>
    ? Tags<E>
    : T extends Stream.Stream<infer _A, infer E, infer _R>
      ? Tags<E>
      : never

type Listed<Method extends keyof typeof methods> = keyof (typeof methods)[Method]

declare const keys: ApiKeyManager["Service"]
declare const db: SqlService
declare const copy: CopySqlService
const schema = Schema.Struct({ year: Schema.Number })
const copied = copy.from(sql`COPY t FROM STDIN`, Stream.empty)
const progress = copy.progress(sql`COPY t FROM STDIN`, Stream.empty)
const rowsCopied = copy.fromRows({ table: "t", columns: ["year"] }, Stream.make({ year: 1 }))
const streamed = db.stream(sql`SELECT 1`, { schema })
const copiedOut = copy.toRows(sql`SELECT 1`, { schema })
const features = GeoJson.query(sql`SELECT 1`, { schema })

same<TagsOf<ApiKeyManagerService["create"]>, Listed<"ApiKeyManager.create">>(true)
same<TagsOf<ApiKeyManagerService["get"]>, Listed<"ApiKeyManager.get">>(true)
same<TagsOf<ApiKeyManagerService["getOption"]>, Listed<"ApiKeyManager.getOption">>(true)
same<TagsOf<ApiKeyManagerService["list"]>, Listed<"ApiKeyManager.list">>(true)
same<TagsOf<ApiKeyManagerService["stream"]>, Listed<"ApiKeyManager.stream">>(true)
same<TagsOf<ApiKeyManagerService["regenerate"]>, Listed<"ApiKeyManager.regenerate">>(true)
same<TagsOf<ApiKeyManagerService["delete"]>, Listed<"ApiKeyManager.delete">>(true)
same<TagsOf<ApiKeyManagerService["whoami"]>, Listed<"ApiKeyManager.whoami">>(true)
same<TagsOf<ApiKeyManagerService["isValid"]>, Listed<"ApiKeyManager.isValid">>(true)
same<Tags<Stream.Error<typeof streamed>>, Listed<"Sql.stream">>(true)
same<TagsOf<SqlService["export"]>, Listed<"Sql.export">>(true)
same<Tags<Effect.Error<typeof features>>, Listed<"GeoJson.query">>(true)
same<TagsOf<CopySqlService["to"]>, Listed<"CopySql.to">>(true)
same<Tags<Stream.Error<typeof copiedOut>>, Listed<"CopySql.toRows">>(true)
same<Tags<Effect.Error<typeof copied>>, Listed<"CopySql.from">>(true)
same<Tags<Stream.Error<typeof progress>>, Listed<"CopySql.progress">>(true)
same<Tags<Effect.Error<typeof rowsCopied>>, Listed<"CopySql.fromRows">>(true)
same<TagsOf<BatchSqlService["create"]>, Listed<"BatchSql.create">>(true)
same<TagsOf<BatchSqlService["get"]>, Listed<"BatchSql.get">>(true)
same<TagsOf<BatchSqlService["cancel"]>, Listed<"BatchSql.cancel">>(true)
same<TagsOf<BatchSqlService["wait"]>, Listed<"BatchSql.wait">>(true)
same<TagsOf<BatchSqlService["watch"]>, Listed<"BatchSql.watch">>(true)
same<TagsOf<BatchSqlService["run"]>, Listed<"BatchSql.run">>(true)

const query = db.query(sql`SELECT 1`)
same<Effect.Success<typeof query>, QueryResult<Row>>(true)
same<Tags<Effect.Error<typeof query>>, Exclude<Listed<"Sql.query">, "RowMalformed">>(true)

const byKey = Keyset.stream(sql`SELECT 1`, { by: "id" })
same<Stream.Success<typeof byKey>, Row>(true)
same<Tags<Stream.Error<typeof byKey>>, Exclude<Listed<"Keyset.stream">, "RowMalformed">>(true)

const typed = db.query(sql`SELECT 1`, { schema })
same<Effect.Success<typeof typed>, QueryResult<{ readonly year: number }>>(true)
same<Tags<Effect.Error<typeof typed>>, Listed<"Sql.query">>(true)

export const caught: Effect.Effect<undefined, CartoError> = keys.get("a").pipe(
  Effect.asVoid,
  Effect.as(undefined),
  Effect.catchReason("CartoError", "ApiKeyNotFound", () => Effect.succeed(undefined))
)

export const impossible: unknown = [
  // @ts-expect-error a query cannot miss a key
  query.pipe(Effect.catchReason("CartoError", "ApiKeyNotFound", () => Effect.void)),
  // @ts-expect-error reading a key cannot break a constraint
  keys.get("a").pipe(Effect.catchReason("CartoError", "UniqueViolation", () => Effect.void)),
  // @ts-expect-error listing does not need the master key
  keys.list().pipe(Effect.catchReason("CartoError", "MasterKeyRequired", () => Effect.void)),
  // @ts-expect-error rows without a schema are not decoded
  query.pipe(Effect.catchReason("CartoError", "RowMalformed", () => Effect.void)),
  // @ts-expect-error SQL text is not a statement
  () => db.query("SELECT 1"),
  // @ts-expect-error a plain call is no statement
  () => sql("SELECT 1"),
  // @ts-expect-error an object is no value
  () => sql`SELECT ${{ a: 1 }}`,
  // @ts-expect-error undefined is no value
  () => sql`SELECT ${undefined}`,
  // @ts-expect-error a key is a secret: wrap it
  () => Auth.layer({ username: "alice", apiKey: "secret" }),
  // @ts-expect-error unknown permission
  () => keys.create({ name: "a", tables: [{ name: "t", permissions: ["read"] }] }),
  // @ts-expect-error unknown type of key
  () => keys.list({ type: "oauth" })
]

same<
  ReturnType<typeof Carto.layer> extends Layer.Layer<infer A, infer E, infer _R> ? [A, E] : never,
  [ApiKeyManager | Auth | BatchSql | CopySql | Sql, CartoErrorOf<InvalidInput>]
>(true)
