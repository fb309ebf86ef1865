/**
 * SQL text that values cannot break out of. The SQL API has no bind parameters, so each value of a `` sql`…` `` becomes
 * a literal. A literal reads the same under both settings of `standard_conforming_strings`. A value in a place where it
 * would not stay a literal, such as inside quotes or a comment, is refused.
 *
 * @module
 */
import type { DateTime } from "effect/DateTime"
import { identifier as quoteIdentifier } from "./internal/identifier.ts"
import * as Result from "effect/Result"
import { jsonText } from "./internal/statement/jsonText.ts"
import { literal } from "./internal/literal.ts"
import {
  fromSegments,
  fromText,
  fromValue,
  invalid,
  isStatement as isStatementOf,
  type Segment,
  type Statement
} from "./internal/statement/segments.ts"
import { fill } from "./internal/statement/template.ts"

export type { Statement } from "./internal/statement/segments.ts"

/**
 * A value that a statement takes. An array becomes a PostgreSQL array, as typed as its elements are alone: strings and null
 * take the type of the column. For JSON see `sql.json`.
 */
export type Value = string | number | bigint | boolean | null | Date | DateTime | Uint8Array | ReadonlyArray<Value>

/** The columns of a row by their names. */
export type Columns = Readonly<Record<string, Value | Statement>>

/** Recognizes a statement, also one of another copy of this library. */
export const isStatement: (u: unknown) => u is Statement = isStatementOf

const identifier = (...parts: readonly [string, ...Array<string>]): Statement => {
  if (parts.length === 0) return fromSegments([invalid("identifier", parts, "give a name")])
  const texts: Array<string> = []
  for (const part of parts) {
    const text = quoteIdentifier(part)
    if (Result.isFailure(text)) return fromSegments([invalid("identifier", part, text.failure)])
    texts.push(text.success)
  }
  return fromSegments([{ _tag: "Value", text: texts.join("."), position: "identifier" }])
}

const unsafe = (text: string): Statement => fromSegments([fromText("sql.unsafe", text)])

const json = (value: unknown): Statement => {
  const text = Result.flatMap(jsonText(value), literal)
  return fromSegments([
    Result.isSuccess(text)
      ? { _tag: "Value", text: `${text.success}::jsonb`, position: "sql.json" }
      : invalid("sql.json", value, text.failure)
  ])
}

const joined = (segments: ReadonlyArray<Segment>, separator: Segment): ReadonlyArray<Segment> =>
  segments.flatMap((segment, index) => (index === 0 ? [segment] : [separator, segment]))

/** What is made of an array of the caller, which may be anything in JavaScript, and whose reading may throw. */
const ofArray = (
  field: string,
  given: unknown,
  remedy: string,
  make: (items: ReadonlyArray<unknown>) => ReadonlyArray<Segment>
): Statement => {
  const made = Result.try({
    try: () => (Array.isArray(given) ? make(Array.from(given)) : [invalid(field, given, remedy)]),
    catch: () => invalid(field, undefined, "reading it throws; give plain arrays and objects")
  })
  return fromSegments(Result.isSuccess(made) ? made.success : [made.failure])
}

const fromStatement = (field: string, given: unknown): Segment =>
  isStatement(given) ? given : invalid(field, given, "give a statement made with sql`…`; leave out what is not needed")

const join = (statements: ReadonlyArray<Statement>, separator: string): Statement =>
  ofArray("sql.join", statements, "give an array of statements", (items) =>
    joined(
      items.map((item, index) => fromStatement(`sql.join[${index}]`, item)),
      fromText("sql.join", separator)
    )
  )

const csv = (items: ReadonlyArray<Value | Statement>): Statement =>
  ofArray("sql.csv", items, "give an array: [...items]", (values) =>
    values.length === 0
      ? [invalid("sql.csv", values, "SQL has no empty list here; leave the condition out")]
      : joined(
          values.map((value, index) => fromValue(`sql.csv[${index}]`, value)),
          ", "
        )
  )

/** A row as its own columns, each read once. */
const columnsOf = (row: unknown): ReadonlyMap<string, unknown> | undefined =>
  typeof row === "object" && row !== null && !Array.isArray(row) && !isStatement(row)
    ? new Map(Object.entries(row))
    : undefined

const insertRows = (given: ReadonlyArray<unknown>): ReadonlyArray<Segment> => {
  const rows = given.map(columnsOf)
  const wrong = rows.indexOf(undefined)
  if (wrong !== -1) return [invalid(`row ${wrong + 1}`, given[wrong], "give an object of columns and their values")]
  const names = [...new Set(rows.flatMap((row) => [...(row?.keys() ?? [])]))]
  if (names.length === 0) return [invalid("sql.insert", given, "give rows with columns")]
  const values = rows.map((row, index) =>
    fromSegments([
      "(",
      ...joined(
        names.map((name) => fromValue(`row ${index + 1}.${name}`, row?.has(name) ? row.get(name) : null)),
        ", "
      ),
      ")"
    ])
  )
  return [
    "(",
    ...joined(
      names.map((name) => identifier(name)),
      ", "
    ),
    ") VALUES ",
    ...joined(values, ", ")
  ]
}

const insert = (rows: ReadonlyArray<Columns>): Statement =>
  ofArray("sql.insert", rows, "give an array of rows, also for one: [row]", insertRows)

const update = (row: Columns): Statement =>
  ofArray("sql.update", [row], "", ([given]) => {
    const columns = [...(columnsOf(given) ?? [])]
    return columns.length === 0
      ? [invalid("sql.update", given, "give an object of the columns to set")]
      : joined(
          columns.map(([name, value]) => fromSegments([identifier(name), " = ", fromValue(name, value)])),
          ", "
        )
  })

const conditions =
  (field: string, operator: string, none: string) =>
  (statements: ReadonlyArray<Statement>): Statement =>
    ofArray(field, statements, "give an array of conditions", (items) =>
      items.length === 0
        ? [none]
        : joined(
            items.map((item, index) => fromSegments(["(", fromStatement(`${field}[${index}]`, item), ")"])),
            operator
          )
    )

/** The type of {@link sql}: a tag of templates, with functions for the parts of statements. */
export interface SqlTag {
  /** Makes a statement of a template. Called as a plain function, it makes a statement that fails with `InvalidInput`. */
  (strings: TemplateStringsArray, ...values: ReadonlyArray<Value | Statement>): Statement
  /** Quotes a name: `sql.identifier("tornadoes")`, `sql.identifier("public", "tornadoes")`. At most 63 bytes each. */
  readonly identifier: (...parts: readonly [string, ...Array<string>]) => Statement
  /** Takes raw SQL text. Nothing is checked: never build it from input. */
  readonly unsafe: (text: string) => Statement
  /** Makes a `jsonb` literal. A `Map`, NaN, a bigint or a secret inside is refused. A property that is undefined is left out. */
  readonly json: (value: unknown) => Statement
  /** Makes a list for `IN (…)` or the like: `` sql`id IN (${sql.csv([1, 2])})` ``. An empty one is refused. */
  readonly csv: (items: ReadonlyArray<Value | Statement>) => Statement
  /**
   * Makes the columns and rows of an INSERT: `` sql`INSERT INTO t ${sql.insert([{ id: 1 }])}` ``. A column that a row does not
   * have is NULL in it. A column that is undefined is refused.
   */
  readonly insert: (rows: ReadonlyArray<Columns>) => Statement
  /** Makes the columns that an UPDATE sets: `` sql`UPDATE t SET ${sql.update({ name: "a" })} WHERE id = ${1}` ``. */
  readonly update: (row: Columns) => Statement
  /** Joins conditions that must all hold. Without a condition it is TRUE. */
  readonly and: (conditions: ReadonlyArray<Statement>) => Statement
  /** Joins conditions of which one must hold. Without a condition it is FALSE. */
  readonly or: (conditions: ReadonlyArray<Statement>) => Statement
  /** Joins statements. The separator is SQL text: `sql.join(parts, ", ")`. */
  readonly join: (statements: ReadonlyArray<Statement>, separator: string) => Statement
}

const tag = (strings: TemplateStringsArray, ...values: ReadonlyArray<Value | Statement>): Statement => {
  const called: unknown = strings
  return Array.isArray(called) && "raw" in called && Array.isArray(called.raw)
    ? fill(strings, values)
    : fromSegments([invalid("statement", called, "write it as a template: sql`SELECT …`; for raw text use sql.unsafe")])
}

/**
 * Makes a statement of a template. Values become literals, statements and identifiers are put in as they are. If something
 * cannot be a value, the call that runs the statement fails with `InvalidInput` before any request.
 *
 * A backslash that JavaScript would drop is refused: write `\\d` for the regular expression `\d`, or give it as a value.
 */
export const sql: SqlTag = Object.assign(tag, {
  identifier,
  unsafe,
  json,
  csv,
  insert,
  update,
  and: conditions("sql.and", " AND ", "TRUE"),
  or: conditions("sql.or", " OR ", "FALSE"),
  join
})
