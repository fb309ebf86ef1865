/** Checks the effects of a case in the database with queries that a role runs. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { Accounts } from "../../../src/emulator/accounts/accounts.ts"
import type { ApiKeys } from "../../../src/emulator/accounts/keys/apiKeys.ts"
import type { Database, Message } from "../../../src/emulator/database.ts"
import type { Query } from "./case.ts"
import { accountOf, loginOf, runAs } from "./fixture.ts"
import { shapeProblems } from "./match.ts"

type Row = ReadonlyMap<string, string | null>
type Outcome = { readonly rows: ReadonlyArray<Row> } | { readonly error: string }

const outcomeOf = (messages: ReadonlyArray<Message>): Outcome => {
  let names: ReadonlyArray<string> = []
  const rows: Array<Row> = []
  for (const message of messages) {
    if (message._tag === "Failure") return { error: message.report.message }
    if (message._tag === "Columns") names = message.columns.map(({ name }) => name)
    if (message._tag === "Row") {
      rows.push(new Map(names.map((name, index) => [name, message.values[index] ?? null])))
    }
  }
  return { rows }
}

const asSuperuser = (database: Database, schema: string, sql: string): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    yield* database.superuser(`SELECT set_config('search_path', $1, false)`, [`"${schema}", cartodb, public`])
    const rows = yield* database.superuser(sql)
    return { rows: rows.map((row) => new Map(Object.entries(row))) }
  }).pipe(
    Effect.catch((error) => Effect.succeed({ error: error.message })),
    Effect.ensuring(Effect.ignore(database.superuser("RESET search_path")))
  )

/** Reads PostgreSQL's text as a value of the kind that is expected. */
const toJson = (text: string | null | undefined, expected: Schema.Json): Schema.Json | undefined => {
  if (text === null || text === undefined) return text
  if (typeof expected === "boolean") return text === "t" ? true : text === "f" ? false : text
  if (typeof expected === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text)
  return typeof expected === "object" && /^[[{]/.test(text) ? JSON.parse(text) : text
}

const rowProblems = (expected: { readonly [column: string]: Schema.Json }, row: Row): ReadonlyArray<string> =>
  Object.entries(expected).flatMap(([name, value]) => shapeProblems(value, toJson(row.get(name), value), name))

/** Runs a query of a case as it says and compares. */
export const sqlProblems: (
  username: string,
  query: Query
) => Effect.Effect<ReadonlyArray<string>, never, Accounts | ApiKeys> = Effect.fnUntraced(function* (username, query) {
  const { schema } = yield* accountOf(username)
  const database = yield* Effect.orDie((yield* Accounts).database(username))
  const login = query.as.startsWith("key:") ? loginOf(username, query.as.slice(4)) : loginOf(username)
  const outcome =
    query.as === "superuser"
      ? yield* asSuperuser(database, schema, query.query)
      : outcomeOf(yield* runAs(database, yield* login, query.query))
  const wrong = (expected: unknown, got: unknown) => [
    `as ${query.as}, ${query.query}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`
  ]
  if ("error" in outcome) {
    const isExpected = query.error !== undefined && new RegExp(query.error).test(outcome.error)
    return isExpected ? [] : wrong(query.error ?? query.rows, outcome.error)
  }
  const got = outcome.rows.map((row) => Object.fromEntries(row))
  if (query.error !== undefined) return wrong(query.error, got)
  const { rows = [] } = query
  if (rows.length !== outcome.rows.length) return wrong(rows, got)
  return rows.some((row, index) => rowProblems(row, outcome.rows[index] ?? new Map()).length > 0)
    ? wrong(rows, got)
    : []
})
