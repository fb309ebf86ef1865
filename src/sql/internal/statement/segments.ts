/** What a statement is made of. A statement holds those that are put into it as they are, so that growing one stays linear. */
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import type { InvalidInput } from "../../../errors/Call.ts"
import { invalidInput } from "../../../errors/internal/invalidInput.ts"
import { literal } from "../literal.ts"

// a symbol, which no JSON can hold: an object from outside must not pass for SQL text
export const TypeId: unique symbol = Symbol.for("~effect-carto/Statement")

export interface Value {
  readonly _tag: "Value"
  readonly text: string
  /** What a refusal calls it. */
  readonly position: string
}

export interface Invalid {
  readonly _tag: "Invalid"
  readonly reason: InvalidInput
}

/** A template whose values can be put between its pieces as they are. */
export interface Filled {
  readonly _tag: "Filled"
  readonly pieces: ReadonlyArray<string>
  readonly values: ReadonlyArray<Value>
}

/** SQL text, a value as a literal, what makes the statement fail, or another statement. */
export type Segment = string | Value | Filled | Invalid | Statement

/** What a statement is made of. */
export interface Content {
  readonly segments: ReadonlyArray<Segment>
  /** The number of segments, those of statements inside included. */
  readonly size: number
}

/** SQL text made by `` sql`…` ``: a whole statement, or a fragment to nest in another. */
export interface Statement {
  /**
   * What the statement is made of.
   *
   * @internal
   */
  readonly [TypeId]: Content
}

/** Recognizes a statement, also one of another copy of this library. A proxy may throw. */
export const isStatement = (u: unknown): u is Statement =>
  Result.getOrElse(
    Result.try(() => hasProperty(u, TypeId)),
    () => false
  )

export const fromSegments = (segments: ReadonlyArray<Segment>): Statement => {
  let size = 0
  for (const segment of segments) size += typeof segment === "object" && isStatement(segment) ? segment[TypeId].size : 1
  return { [TypeId]: { segments, size } }
}

export const invalid = (field: string, value: unknown, remedy: string): Invalid => ({
  _tag: "Invalid",
  reason: invalidInput(field, value, remedy)
})

/** A value of the caller as a segment: a statement stays one, and what cannot be a literal is invalid. */
export const fromValue = (position: string, value: unknown): Segment => {
  if (typeof value === "object" && isStatement(value)) return value
  const text = literal(value)
  return Result.isSuccess(text)
    ? { _tag: "Value", text: text.success, position }
    : invalid(position, value, text.failure)
}

/** An array in a list is compared as one value, and as text it would only match nothing. */
const inList = /\bin\s*\(\s*$/i

/** A value as a segment after some text. */
export const fromValueAfter = (text: unknown, position: string, value: unknown): Segment =>
  Array.isArray(value) && inList.test(String(text).slice(-16))
    ? invalid(position, value, "IN takes a list: write IN (${sql.csv(items)}), or = ANY(${items})")
    : fromValue(position, value)

/** SQL text, unless PostgreSQL cannot take it. */
export const fromText = (field: string, text: unknown): string | Invalid =>
  typeof text === "string" && !text.includes("\0") && text.isWellFormed()
    ? text
    : invalid(field, text, "give SQL text without NUL characters or lone surrogates, with names of 1 to 63 bytes")

/** Pieces of SQL text with a value between each two of them. */
export const interleave = (texts: ReadonlyArray<string>, values: ReadonlyArray<unknown>): Statement =>
  fromSegments(
    texts.flatMap((text, index) =>
      index < values.length
        ? [fromText("statement", text), fromValueAfter(text, `value ${index + 1}`, values[index])]
        : [fromText("statement", text)]
    )
  )
