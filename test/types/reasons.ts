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
  type InvalidInput,
  type QueryResult,
  type Row,
  type Sql,
  type SqlService,
  sql
} from "../../src/index.ts"
import * as Keyset from "../../src/sql/Keyset.ts"

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

type Call =
  | "CredentialsUnavailable"
  | "DeadlineExceeded"
  | "InvalidInput"
  | "RateLimited"
  | "RedirectRefused"
  | "RequestTooLarge"
  | "ResponseMalformed"
  | "ResponseTooLarge"
  | "ServerUnavailable"
  | "TransportFailed"
  | "Unauthenticated"
type AuthApi = Call | "AccountNotActivated" | "AuthApiDisabled" | "TargetUserForbidden" | "TargetUserNotFound"

same<
  TagsOf<ApiKeyManagerService["create"]>,
  | AuthApi
  | "ApiKeyNameTaken"
  | "ApiKeyQuotaReached"
  | "GrantNotHeld"
  | "GrantRefused"
  | "InvalidGrants"
  | "MasterKeyRequired"
  | "OutcomeUnknown"
>(true)
same<TagsOf<ApiKeyManagerService["get"]>, AuthApi | "ApiKeyNotFound">(true)
same<TagsOf<ApiKeyManagerService["getOption"]>, AuthApi>(true)
same<TagsOf<ApiKeyManagerService["list"]>, AuthApi>(true)
same<TagsOf<ApiKeyManagerService["stream"]>, AuthApi>(true)
same<
  TagsOf<ApiKeyManagerService["regenerate"]>,
  AuthApi | "ApiKeyNotFound" | "ApiKeyProtected" | "MasterKeyRequired" | "OutcomeUnknown" | "RegenerateRefused"
>(true)
same<
  TagsOf<ApiKeyManagerService["delete"]>,
  AuthApi | "ApiKeyNotFound" | "ApiKeyProtected" | "GrantRefused" | "MasterKeyRequired"
>(true)
same<TagsOf<ApiKeyManagerService["whoami"]>, AuthApi | "HiddenApiKey">(true)
same<TagsOf<ApiKeyManagerService["isValid"]>, Exclude<AuthApi, "Unauthenticated">>(true)

declare const keys: ApiKeyManager["Service"]
declare const db: SqlService

type Statement =
  | "CheckViolation"
  | "ExclusionViolation"
  | "ForeignKeyViolation"
  | "NotNullViolation"
  | "NotOwner"
  | "PermissionDenied"
  | "QueryFailed"
  | "SqlSyntax"
  | "StatementTimeout"
  | "SystemTableForbidden"
  | "UndefinedColumn"
  | "UndefinedFunction"
  | "UndefinedTable"
  | "UniqueViolation"
type SqlApi = Call | "AccountNotFound" | "ApiNotGranted" | Statement
type Write = SqlApi | "OutcomeUnknown"
type GetJob = SqlApi | "JobNotFound" | "MasterKeyRequired"

same<TagsOf<SqlService["export"]>, SqlApi | "InvalidFormat" | "PartialResult">(true)
same<TagsOf<CopySqlService["to"]>, SqlApi | "CopyTruncated">(true)
same<TagsOf<BatchSqlService["create"]>, Write | "JobQueueFull" | "MasterKeyRequired">(true)
same<TagsOf<BatchSqlService["get"]>, GetJob>(true)
same<TagsOf<BatchSqlService["cancel"]>, GetJob | "JobNotCancellable">(true)
same<TagsOf<BatchSqlService["wait"]>, GetJob | "JobCancelled" | "JobDeadlineExceeded" | "JobFailed">(true)
same<TagsOf<BatchSqlService["watch"]>, GetJob | "JobDeadlineExceeded">(true)
same<
  TagsOf<BatchSqlService["run"]>,
  GetJob | "JobCancelled" | "JobDeadlineExceeded" | "JobFailed" | "JobQueueFull" | "OutcomeUnknown"
>(true)

declare const copy: CopySqlService
const copied = copy.from(sql`COPY t FROM STDIN`, Stream.empty)
same<Tags<Effect.Error<typeof copied>>, Write | "CopyLimitExceeded" | "NoRowsCopied" | "SourceFailed">(true)

const query = db.query(sql`SELECT 1`)
same<Effect.Success<typeof query>, QueryResult<Row>>(true)
same<Tags<Effect.Error<typeof query>>, Write | "PartialResult">(true)

const byKey = Keyset.stream(sql`SELECT 1`, { by: "id" })
same<Stream.Success<typeof byKey>, Row>(true)
same<Tags<Stream.Error<typeof byKey>>, Write | "PartialResult" | "RowKeyNotUnique" | "RowKeyNull">(true)

const typed = db.query(sql`SELECT 1`, { schema: Schema.Struct({ year: Schema.Number }) })
same<Effect.Success<typeof typed>, QueryResult<{ readonly year: number }>>(true)
same<Exclude<Tags<Effect.Error<typeof typed>>, Tags<Effect.Error<typeof query>>>, "RowMalformed">(true)

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
