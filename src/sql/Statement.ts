/**
 * SQL text that values cannot break out of. The SQL API has no bind parameters, so each value of a
 * `` sql`…` `` becomes a literal that reads the same under both settings of `standard_conforming_strings`, and a value in
 * a place where a literal would not stay one (inside quotes or a comment) is refused.
 */
import type { DateTime } from "effect/DateTime"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import { invalidInput, refuse } from "../errors/internal/invalidInput.ts"
import { identifier as quoteIdentifier } from "./internal/identifier.ts"
import { literal } from "./internal/literal.ts"
import { firstQuoted } from "./internal/lexer.ts"
import { InvalidInput } from "../errors/Call.ts"

// a symbol, which no JSON can hold: an object from outside must not pass for SQL text
const TypeId: unique symbol = Symbol.for("~effect-carto/Statement")

/** A value that a statement takes. An array becomes a PostgreSQL array; for JSON see `sql.json`. */
export type Value = string | number | bigint | boolean | null | Date | DateTime | Uint8Array | ReadonlyArray<Value>

type Segment =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Value"; readonly text: string; readonly position: string }
  | { readonly _tag: "Invalid"; readonly reason: InvalidInput }

/** SQL text made by `` sql`…` ``: whole, or a fragment to nest in another. */
export interface Statement {
  readonly [TypeId]: ReadonlyArray<Segment>
}

const fromSegments = (segments: ReadonlyArray<Segment>): Statement => ({ [TypeId]: segments })

/** Recognises a statement, also one of another copy of this library. */
export const isStatement = (u: unknown): u is Statement => hasProperty(u, TypeId)

const invalid = (field: string, value: unknown, remedy: string): Segment => ({
  _tag: "Invalid",
  reason: invalidInput(field, value, remedy)
})

const valueSegment = (position: string, value: unknown): ReadonlyArray<Segment> => {
  if (isStatement(value)) return value[TypeId]
  const text = literal(value)
  return Result.isSuccess(text)
    ? [{ _tag: "Value", text: text.success, position }]
    : [invalid(position, value, text.failure)]
}

const identifier = (...parts: readonly [string, ...Array<string>]): Statement => {
  const texts = parts.map((part) => ({ part, text: quoteIdentifier(part) }))
  const bad = texts.find(({ text }) => Result.isFailure(text))
  if (bad !== undefined && Result.isFailure(bad.text)) {
    return fromSegments([invalid("identifier", bad.part, bad.text.failure)])
  }
  const text = texts.map(({ text }) => Result.getOrElse(text, () => "")).join(".")
  return fromSegments([{ _tag: "Value", text, position: "identifier" }])
}

const textSegment = (field: string, text: unknown): Segment =>
  typeof text === "string" && !text.includes("\0") && text.isWellFormed()
    ? { _tag: "Text", text }
    : invalid(field, text, "give SQL text without NUL characters or lone surrogates, with names of 1 to 63 bytes")

const unsafe = (text: string): Statement => fromSegments([textSegment("sql.unsafe", text)])

const json = (value: unknown): Statement => {
  // what JSON.stringify cannot write it answers with undefined, or by throwing
  const text = Result.try({
    try: (): string | undefined => JSON.stringify(value),
    catch: () => "JSON cannot hold a cycle or a bigint"
  })
  if (Result.isFailure(text)) return fromSegments([invalid("sql.json", value, text.failure)])
  if (text.success === undefined) {
    return fromSegments([invalid("sql.json", value, "give a value that JSON can hold")])
  }
  const quoted = literal(text.success)
  return fromSegments([
    Result.isSuccess(quoted)
      ? { _tag: "Value", text: `${quoted.success}::jsonb`, position: "sql.json" }
      : invalid("sql.json", value, quoted.failure)
  ])
}

const join = (statements: ReadonlyArray<Statement>, separator: string): Statement =>
  fromSegments(
    statements.flatMap((statement, index): ReadonlyArray<Segment> =>
      index === 0 ? statement[TypeId] : [{ _tag: "Text", text: separator }, ...statement[TypeId]]
    )
  )

const csv = (items: ReadonlyArray<Value | Statement>): Statement =>
  items.length === 0
    ? fromSegments([invalid("sql.csv", items, "SQL has no empty list here; leave the condition out")])
    : join(
        items.map((item, index) => fromSegments(valueSegment(`sql.csv[${index}]`, item))),
        ", "
      )

/** A row's values in the order of the columns; NULL where it has none. */
const rowOf = (
  columns: ReadonlyArray<string>,
  row: Readonly<Record<string, Value | Statement>>,
  index: number
): Statement =>
  fromSegments([
    open,
    ...join(
      columns.map((column) => fromSegments(valueSegment(`row ${index + 1}.${column}`, row[column] ?? null))),
      ", "
    )[TypeId],
    close
  ])

const namesOf = (columns: ReadonlyArray<string>): Statement =>
  join(
    columns.map((column) => identifier(column)),
    ", "
  )

const insert = (rows: ReadonlyArray<Readonly<Record<string, Value | Statement>>>): Statement => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return columns.length === 0
    ? fromSegments([invalid("sql.insert", rows, "give rows with columns")])
    : tag`(${namesOf(columns)}) VALUES ${join(
        rows.map((row, index) => rowOf(columns, row, index)),
        ", "
      )}`
}

const update = (row: Readonly<Record<string, Value | Statement>>): Statement => {
  const columns = Object.entries(row)
  return columns.length === 0
    ? fromSegments([invalid("sql.update", row, "give the columns to set")])
    : join(
        columns.map(([column, value]) => tag`${identifier(column)} = ${fromSegments(valueSegment(column, value))}`),
        ", "
      )
}

const and = (conditions: ReadonlyArray<Statement>): Statement =>
  conditions.length === 0
    ? fromSegments([{ _tag: "Text", text: "TRUE" }])
    : join(
        conditions.map((condition) => fromSegments([open, ...condition[TypeId], close])),
        " AND "
      )

const or = (conditions: ReadonlyArray<Statement>): Statement =>
  conditions.length === 0
    ? fromSegments([{ _tag: "Text", text: "FALSE" }])
    : join(
        conditions.map((condition) => fromSegments([open, ...condition[TypeId], close])),
        " OR "
      )

const open: Segment = { _tag: "Text", text: "(" }
const close: Segment = { _tag: "Text", text: ")" }

export interface SqlTag {
  /** SQL text with values, identifiers and other statements in it. Called as a plain function it fails when it is run. */
  (strings: TemplateStringsArray, ...values: ReadonlyArray<Value | Statement>): Statement
  /** A name, quoted: `sql.identifier("tornadoes")`, `sql.identifier("public", "tornadoes")`. At most 63 bytes each. */
  readonly identifier: (...parts: readonly [string, ...Array<string>]) => Statement
  /** Raw SQL text. Nothing is checked: never build it from input. */
  readonly unsafe: (text: string) => Statement
  /** A `jsonb` literal. */
  readonly json: (value: unknown) => Statement
  /** A list for `IN (…)` or the like: `` sql`id IN (${sql.csv([1, 2])})` ``. An empty one is refused. */
  readonly csv: (items: ReadonlyArray<Value | Statement>) => Statement
  /** Columns and rows for an INSERT: `` sql`INSERT INTO t ${sql.insert([{ id: 1 }])}` ``. What a row lacks is NULL. */
  readonly insert: (rows: ReadonlyArray<Readonly<Record<string, Value | Statement>>>) => Statement
  /** Columns to set: `` sql`UPDATE t SET ${sql.update({ name: "a" })} WHERE id = ${1}` ``. */
  readonly update: (row: Readonly<Record<string, Value | Statement>>) => Statement
  /** Conditions that must all hold; none of them is TRUE. */
  readonly and: (conditions: ReadonlyArray<Statement>) => Statement
  /** Conditions of which one must hold; none of them is FALSE. */
  readonly or: (conditions: ReadonlyArray<Statement>) => Statement
  /** Statements one after another. The separator is SQL text: `sql.join(parts, ", ")`. */
  readonly join: (statements: ReadonlyArray<Statement>, separator: string) => Statement
}

/** Pieces of SQL text with a value between each two of them; the values are checked as those of a template are. */
export const interleave = (texts: ReadonlyArray<string | undefined>, values: ReadonlyArray<unknown>): Statement =>
  fromSegments(
    texts.flatMap((text, index): ReadonlyArray<Segment> => [
      text === undefined
        ? invalid("statement", text, "the template holds an invalid escape; write a backslash as \\\\")
        : textSegment("statement", text),
      ...(index < values.length ? valueSegment(`value ${index + 1}`, values[index]) : [])
    ])
  )

const tag = (strings: TemplateStringsArray, ...values: ReadonlyArray<Value | Statement>): Statement => {
  const called: unknown = strings
  if (!Array.isArray(called) || !("raw" in called)) {
    return fromSegments([
      invalid("statement", called, "write it as a template: sql`SELECT …`; for raw text use sql.unsafe")
    ])
  }
  return interleave(strings, values)
}

/**
 * Makes a statement of a template. Values become literals, statements and identifiers are put in as they are, and
 * whatever cannot be a value makes the call that runs the statement fail with `InvalidInput`, before any request.
 */
export const sql: SqlTag = Object.assign(tag, { identifier, unsafe, json, csv, insert, update, and, or, join })

const endsWord = /[\p{L}\p{N}_$'"+\-\u0080-\uffff]$/u
const beginsWord = /^[\p{L}\p{N}_$'"\u0080-\uffff]/u

/** The text of a statement, or why there is none. */
export const compile = (statement: Statement): Result.Result<string, InvalidInput> => {
  if (!isStatement(statement)) return refuse("statement", statement, "give a statement made with sql`…`")
  const pieces: Array<string> = []
  // the length and the end of the text so far, which is joined once: a look at a string that grows copies it
  let length = 0
  let end = ""
  let afterValue = false
  const values: Array<{ readonly offset: number; readonly position: string }> = []
  for (const segment of statement[TypeId]) {
    if (segment._tag === "Invalid") return Result.fail(segment.reason)
    if (segment.text === "") continue
    const isValue = segment._tag === "Value"
    // A literal must not grow together with what stands beside it: E'…', 12, ''.
    const apart = isValue ? afterValue || endsWord.test(end) : afterValue && beginsWord.test(segment.text)
    const piece = apart ? ` ${segment.text}` : segment.text
    if (isValue) values.push({ offset: length + piece.length - segment.text.length, position: segment.position })
    pieces.push(piece)
    length += piece.length
    end = (end + piece).slice(-2)
    afterValue = isValue
  }
  const text = pieces.join("")
  if (text.trim() === "") return refuse("statement", text, "write the SQL to run")
  const offsets = values.map(({ offset }) => offset)
  // The text must read the same whichever way the server takes a backslash in a plain string.
  const quoted = firstQuoted(text, offsets, true) ?? firstQuoted(text, offsets, false)
  return quoted === undefined
    ? Result.succeed(text)
    : Result.fail(
        new InvalidInput({
          field: values.find(({ offset }) => offset === quoted)?.position ?? "statement",
          received: "inside quotes or a comment",
          remedy: "a value is a literal of its own: write name LIKE ${`%${text}%`}, not name LIKE '%${text}%'"
        })
      )
}
