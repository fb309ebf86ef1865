/** Messages of reasons: what a terminal, a log or a page shows of them. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result } from "effect"
import { fromWire } from "../../src/account/apiKeyWire.ts"
import * as Errors from "../../src/index.ts"
import { Auth, Sql, sql, type Statement } from "../../src/index.ts"
import { json, provideScript, scriptedFetch, wireKey } from "../support/scriptedFetch.ts"

/** A name as nobody should print it: ESC, newline, C1, bidi, zero width, a line separator, half of a surrogate pair. */
const hostile = "a\u001B[2J\n\u009B1m\u202E\u200B\u2028\uD800b"
const grants = {
  apis: [hostile],
  tables: [{ schema: hostile, name: hostile, permissions: [hostile] }],
  schemas: [{ name: hostile, permissions: [hostile] }],
  tableMetadata: true,
  services: [hostile],
  user: [hostile],
  datasets: [hostile]
}
const time = new Date(0)
const job = { id: hostile, username: hostile, status: hostile, queries: [], createdAt: time, updatedAt: time }
const said = { description: hostile, detail: hostile, hint: hostile }
const waited = Duration.seconds(5)
const failure = new Errors.QueryFailed(said)

type Reasons = { readonly [Tag in Errors.CartoErrorReason["_tag"]]: Extract<Errors.CartoErrorReason, { _tag: Tag }> }
const reasons: Reasons = {
  AccountNotActivated: new Errors.AccountNotActivated(),
  AccountNotFound: new Errors.AccountNotFound({ username: hostile }),
  ApiKeyNameTaken: new Errors.ApiKeyNameTaken({ name: hostile }),
  ApiKeyNotFound: new Errors.ApiKeyNotFound({ name: hostile }),
  ApiKeyProtected: new Errors.ApiKeyProtected({ name: hostile, action: "delete" }),
  ApiKeyQuotaReached: new Errors.ApiKeyQuotaReached(),
  ApiNotGranted: new Errors.ApiNotGranted({ api: hostile }),
  AuthApiDisabled: new Errors.AuthApiDisabled(),
  CheckViolation: new Errors.CheckViolation(said),
  CopyLimitExceeded: new Errors.CopyLimitExceeded({ limit: "size", description: hostile }),
  CopyTruncated: new Errors.CopyTruncated({ bytes: 5 }),
  CredentialsUnavailable: new Errors.CredentialsUnavailable({ cause: hostile }),
  DeadlineExceeded: new Errors.DeadlineExceeded({ waited }),
  ExclusionViolation: new Errors.ExclusionViolation(said),
  ForeignKeyViolation: new Errors.ForeignKeyViolation(said),
  GrantNotHeld: new Errors.GrantNotHeld({ kind: "table", lacking: [hostile], remedy: hostile }),
  GrantRefused: new Errors.GrantRefused({ description: hostile }),
  GrantsDiffer: new Errors.GrantsDiffer({ name: hostile, missing: grants, extra: grants }),
  GrantsInsufficient: new Errors.GrantsInsufficient({ statement: hostile, failure }),
  HiddenApiKey: new Errors.HiddenApiKey(),
  InvalidFormat: new Errors.InvalidFormat({ description: hostile }),
  InvalidGrants: new Errors.InvalidGrants({ violations: [{ path: hostile, message: hostile }] }),
  InvalidInput: new Errors.InvalidInput({ field: hostile, received: hostile, remedy: hostile }),
  JobCancelled: new Errors.JobCancelled({ job }),
  JobDeadlineExceeded: new Errors.JobDeadlineExceeded({ id: hostile, waited }),
  JobFailed: new Errors.JobFailed({ job, description: hostile }),
  JobNotCancellable: new Errors.JobNotCancellable({ id: hostile, description: hostile }),
  JobNotFound: new Errors.JobNotFound({ id: hostile }),
  JobQueueFull: new Errors.JobQueueFull({ description: hostile }),
  KeyOwnsTables: new Errors.KeyOwnsTables({ name: hostile, tables: [hostile] }),
  LeaseExpired: new Errors.LeaseExpired({ name: hostile, deadline: time }),
  MasterKeyRequired: new Errors.MasterKeyRequired({ keyType: hostile }),
  NoRowsCopied: new Errors.NoRowsCopied(),
  NotNullViolation: new Errors.NotNullViolation(said),
  NotOwner: new Errors.NotOwner(said),
  OutcomeUnknown: new Errors.OutcomeUnknown({ failure: new Errors.DeadlineExceeded({ waited }) }),
  PartialResult: new Errors.PartialResult({ rows: [], failure }),
  PermissionDenied: new Errors.PermissionDenied({
    description: hostile,
    objectType: "table",
    object: hostile,
    key: hostile
  }),
  PlanStale: new Errors.PlanStale({ changed: [hostile] }),
  QueryFailed: failure,
  RateLimited: new Errors.RateLimited({ retryAfter: waited }),
  RedirectRefused: new Errors.RedirectRefused({ status: 302, location: hostile }),
  RegenerateRefused: new Errors.RegenerateRefused({ name: hostile }),
  ReplacementOvertaken: new Errors.ReplacementOvertaken({ name: hostile, change: hostile }),
  RequestTooLarge: new Errors.RequestTooLarge(),
  ResponseMalformed: new Errors.ResponseMalformed({ status: 200, description: hostile, body: hostile }),
  ResponseTooLarge: new Errors.ResponseTooLarge({ limit: 5 }),
  RowKeyNotUnique: new Errors.RowKeyNotUnique({ columns: [hostile], key: [hostile] }),
  RowKeyNull: new Errors.RowKeyNull({ columns: [hostile] }),
  RowMalformed: new Errors.RowMalformed({ row: 1, description: hostile }),
  ServerUnavailable: new Errors.ServerUnavailable({ status: 503, body: hostile }),
  SourceFailed: new Errors.SourceFailed({ cause: new Error(hostile) }),
  SqlSyntax: new Errors.SqlSyntax(said),
  StatementRefused: new Errors.StatementRefused({ statement: hostile, failure }),
  StatementTimeout: new Errors.StatementTimeout(said),
  SuccessorLacksGrants: new Errors.SuccessorLacksGrants({ name: hostile, successor: hostile, lacking: grants }),
  SystemTableForbidden: new Errors.SystemTableForbidden(said),
  TargetUserForbidden: new Errors.TargetUserForbidden({ targetUser: hostile }),
  TargetUserNotFound: new Errors.TargetUserNotFound({ targetUser: hostile, description: hostile }),
  TransportFailed: new Errors.TransportFailed({ method: "GET", url: hostile, description: hostile }),
  Unauthenticated: new Errors.Unauthenticated({ username: hostile }),
  UndefinedColumn: new Errors.UndefinedColumn(said),
  UndefinedFunction: new Errors.UndefinedFunction(said),
  UndefinedTable: new Errors.UndefinedTable(said),
  UniqueViolation: new Errors.UniqueViolation(said)
}

describe("the message of a reason", () => {
  for (const [tag, reason] of Object.entries(reasons)) {
    it(`of ${tag} has no character that drives a terminal or breaks a line`, () => {
      const { message } = new Errors.CartoError({ operation: "Sql.query", reason })
      for (const text of [message, reason.message, String(reason)]) {
        assert.notMatch(text, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      }
      assert.isTrue(String(reason).startsWith(`${tag}: `))
      assert.isAtLeast(message.length, 25)
    })
  }

  it("does not hold the whole body of a response", () => {
    const body = "x".repeat(4096)
    for (const reason of [
      new Errors.ServerUnavailable({ status: 503, body }),
      new Errors.ResponseMalformed({ status: 200, description: body, body })
    ]) {
      assert.isBelow(reason.message.length, 500)
    }
  })

  it("says which reasons may pass", () => {
    const passing = Object.values(reasons)
      .filter(({ isRetryable }) => isRetryable)
      .map(({ _tag }) => _tag)
    assert.deepStrictEqual(passing, ["DeadlineExceeded", "RateLimited", "ServerUnavailable", "TransportFailed"])
    assert.isFalse(new Errors.ServerUnavailable({ status: 500, body: "" }).isRetryable)
  })
})

/** The message of a query whose response is an error of PostgreSQL. */
const messageOf = (description: string, status = 400, statement = sql`SELECT 1`) =>
  Effect.map(Effect.flip(Sql.use((db) => db.query(statement))), ({ message }) => message).pipe(
    provideScript(scriptedFetch(json({ error: [description] }, status)))
  )

describe("the message of a failed statement", () => {
  it.effect("points to sql.identifier if a value stands for a name", () =>
    Effect.map(messageOf(`syntax error at or near "'tornadoes'"`), (message) => {
      assert.include(message, "give names with sql.identifier(name)")
    })
  )
  it.effect("points to sql.csv if a value is compared with an array", () =>
    Effect.map(messageOf("operator does not exist: integer = integer[]"), (message) => {
      assert.include(message, "IN (${sql.csv(values)})")
    })
  )
  it.effect("does not point to them otherwise", () =>
    Effect.gen(function* () {
      assert.notInclude(yield* messageOf(`syntax error at or near "selec"`), "sql.identifier")
      assert.notInclude(yield* messageOf("operator does not exist: text = integer"), "sql.csv")
    })
  )
  it.effect("names the key and the grant that it lacks", () =>
    Effect.gen(function* () {
      const key = Result.getOrThrow(fromWire(wireKey({ name: "reader" })))
      const denied = "permission denied for table secrets"
      assert.strictEqual(
        yield* messageOf(denied, 403, sql`DELETE FROM secrets`).pipe(Auth.withApiKey(key)),
        `Sql.query: ${denied}: the key "reader" needs Grants.table("secrets", ["delete"]); keys cannot be edited, so create one that has it`
      )
      assert.strictEqual(
        yield* messageOf(denied, 403, sql`WITH a AS (SELECT 1) SELECT * FROM secrets`),
        `Sql.query: ${denied}: the key in use needs a permission on secrets; keys cannot be edited, so create one that has it`
      )
      assert.include(yield* messageOf("permission denied for schema a", 403), "needs a permission that it lacks")
    })
  )
})

describe("a response of an unexpected size", () => {
  const big = () => json({ rows: Array.from({ length: 1000 }, () => "a"), time: 0, fields: {}, total_rows: 1000 })
  const tagOf = (statement: Statement, answer: () => Response) =>
    Effect.map(Effect.flip(Sql.use((db) => db.query(statement))), ({ reason }) => reason._tag).pipe(
      // not a clone, of which no half can be cancelled alone
      provideScript({ asked: [], fetch: async () => answer() }, { maxBodySize: 1000 })
    )
  it.effect("is ResponseTooLarge for a SELECT, whatever it calls", () =>
    Effect.map(tagOf(sql`SELECT my_function(a) FROM t`, big), (tag) => assert.strictEqual(tag, "ResponseTooLarge"))
  )
  it.effect("is OutcomeUnknown for a write, whose failure says so", () =>
    Effect.map(tagOf(sql`INSERT INTO t SELECT 1 RETURNING *`, big), (tag) => assert.strictEqual(tag, "OutcomeUnknown"))
  )
  it.effect("is RequestTooLarge if the server refuses the statement's size", () =>
    Effect.map(
      tagOf(sql`INSERT INTO t VALUES (1)`, () => new Response("<html>Request Entity Too Large", { status: 413 })),
      (tag) => assert.strictEqual(tag, "RequestTooLarge")
    )
  )
})
