/** A statement's text, in which every value is still a literal of its own. */
import * as Result from "effect/Result"
import { InvalidInput } from "../../errors/Call.ts"
import { refuse } from "../../errors/internal/invalidInput.ts"
import { tokenAt } from "./lexer.ts"
import { isStatement, type Segment, type Statement, TypeId, type Value } from "./statement/segments.ts"

/** More than a server takes: a statement put twice into itself in a loop would have more segments than memory has room. */
const maxSize = 2 ** 24

/** Whether a value after this text needs a space, so as not to grow together with it: `E'…'`, `U&'…'`, `12`, `''`. */
export const partsBefore = (text: string): boolean => text !== "" && !/[\s(,[=]$/.test(text)

/** Whether a value before this text needs a space. */
export const partsAfter = (text: string): boolean => /^(?:[\w$'"\u0080-\uffff]|\.\d)/.test(text)

/**
 * The index of the first value that is not whole tokens of the text under a setting of `standard_conforming_strings`: it lies
 * in quotes or a comment, or PostgreSQL would join it to a string beside it. `bounds` are the starts and ends of the values.
 */
export const firstJoined = (text: string, bounds: ReadonlyArray<number>, standardStrings: boolean): number => {
  let next = 0
  for (let index = 0; index < text.length && next < bounds.length;) {
    const { end } = tokenAt(text, index, standardStrings)
    while ((bounds[next] ?? end) <= index && next < bounds.length) next += 1
    if ((bounds[next] ?? end) < end) return next >> 1
    index = end
  }
  return -1
}

/** The text, values and statements inside a statement in their order. Not by recursion: a condition may grow in a loop. */
const flatten = (statement: Statement): Result.Result<ReadonlyArray<string | Value>, InvalidInput> => {
  if (statement[TypeId].size > maxSize) {
    return refuse("statement", undefined, "it has more parts than a server takes; send less at once")
  }
  const flat: Array<string | Value> = []
  const pending: Array<Segment> = [statement]
  for (let segment = pending.pop(); segment !== undefined; segment = pending.pop()) {
    if (typeof segment === "string") flat.push(segment)
    else if (isStatement(segment)) {
      const { segments } = segment[TypeId]
      // in a loop, since a call takes only so many arguments
      for (const inner of segments.toReversed()) pending.push(inner)
    } else {
      switch (segment._tag) {
        case "Value":
          flat.push(segment)
          break
        case "Filled":
          for (const [index, piece] of segment.pieces.entries()) {
            const value = segment.values[index]
            flat.push(piece)
            if (value !== undefined) flat.push(value)
          }
          break
        case "Invalid":
          return Result.fail(segment.reason)
      }
    }
  }
  return Result.succeed(flat)
}

const assemble = (flat: ReadonlyArray<string | Value>): Result.Result<string, InvalidInput> => {
  const pieces: Array<string> = []
  const bounds: Array<number> = []
  const positions: Array<string> = []
  // the length and the end of the text so far, which is joined once: a look at a string that grows copies it
  let length = 0
  let end = ""
  let afterValue = false
  for (const segment of flat) {
    const isValue = typeof segment !== "string"
    const text = isValue ? segment.text : segment
    if (text === "") continue
    const piece = (isValue ? afterValue || partsBefore(end) : afterValue && partsAfter(text)) ? ` ${text}` : text
    pieces.push(piece)
    length += piece.length
    if (isValue) {
      bounds.push(length - text.length, length)
      positions.push(segment.position)
    }
    end = piece.slice(-1)
    afterValue = isValue
  }
  const text = pieces.join("")
  if (text.trim() === "") return refuse("statement", text, "write the SQL to run")
  // The text must read the same whichever way the server takes a backslash in a plain string.
  const joined = Math.max(firstJoined(text, bounds, true), firstJoined(text, bounds, false))
  return joined === -1
    ? Result.succeed(text)
    : Result.fail(
        new InvalidInput({
          field: positions[joined] ?? "statement",
          received: "inside quotes or a comment, or joined to a string beside it",
          remedy:
            "a value is a literal of its own: write name LIKE ${`%${text}%`}, not name LIKE '%${text}%', " +
            "and a comma or an operator between two strings"
        })
      )
}

/** The text of a statement, or why there is none. */
export const compile = (statement: Statement): Result.Result<string, InvalidInput> => {
  if (!isStatement(statement)) return refuse("statement", statement, "give a statement made with sql`…`")
  const [segment, ...others] = statement[TypeId].segments
  if (others.length === 0 && typeof segment === "object" && !isStatement(segment) && segment._tag === "Filled") {
    const { pieces, values } = segment
    let text = pieces[0] ?? ""
    for (const [index, value] of values.entries()) text += value.text + (pieces[index + 1] ?? "")
    return Result.succeed(text)
  }
  return Result.flatMap(flatten(statement), assemble)
}
