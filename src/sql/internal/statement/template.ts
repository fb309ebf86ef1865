/** Templates: what JavaScript makes of their text, checked once for each template and not for each call. */
import { InvalidInput } from "../../../errors/Call.ts"
import { firstJoined, partsAfter, partsBefore } from "../compile.ts"
import {
  fromSegments,
  fromText,
  fromValueAfter,
  type Invalid,
  invalid,
  isStatement,
  type Segment,
  type Statement,
  TypeId,
  type Value
} from "./segments.ts"

interface Template {
  readonly texts: ReadonlyArray<string | Invalid>
  /** The texts as they stand around values, if any value is safe between them. */
  readonly pieces: ReadonlyArray<string> | undefined
}

/** The escapes that JavaScript knows, and those which keep a template from ending or beginning a value. */
const escapes = /^\\(?:[\\`nrtbfvxu0\n\r\u2028\u2029]|\$(?=\\?\{))/

/** The first backslash that JavaScript drops: `\d` is `d`, and `\'` is `'`. */
const droppedEscape = (raw: string): string | undefined => {
  for (const { 0: found, index } of raw.matchAll(/\\[^]/g)) {
    const isBrace = found === "\\{" && raw[index - 1] === "$"
    if (!isBrace && !escapes.test(raw.slice(index, index + 4))) return found
  }
  return undefined
}

const readText = (text: string | undefined, raw: string): string | Invalid => {
  if (text === undefined) {
    return invalid("statement", text, "the template holds an invalid escape; write a backslash as \\\\")
  }
  const dropped = text === raw ? undefined : droppedEscape(raw)
  return dropped === undefined
    ? fromText("statement", text)
    : {
        _tag: "Invalid",
        reason: new InvalidInput({
          field: "statement",
          received: `a template with ${dropped}`,
          remedy: `JavaScript drops this backslash: write \\${dropped}`
        })
      }
}

/** A string is the value that joins most: where it stays one, every other value does. */
const probe = "'x'"

/** The texts with the spaces that keep values apart; `undefined` where not every value is a literal of its own. */
const readPieces = (texts: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const last = texts.length - 1
  const pieces = texts.map((text, index) => {
    const before = index > 0 && partsAfter(text) ? " " : ""
    const after = index < last && (text === "" ? index > 0 : partsBefore(text)) ? " " : ""
    return `${before}${text}${after}`
  })
  const bounds: Array<number> = []
  let length = 0
  for (const piece of pieces.slice(0, -1)) {
    bounds.push(length + piece.length, length + piece.length + probe.length)
    length += piece.length + probe.length
  }
  const text = pieces.join(probe)
  const isSafe = text.trim() !== "" && firstJoined(text, bounds, true) === -1 && firstJoined(text, bounds, false) === -1
  return isSafe ? pieces : undefined
}

const isText = (text: string | Invalid): text is string => typeof text === "string"

const read = (strings: TemplateStringsArray): Template => {
  const texts = Array.from(strings, (text: string | undefined, index) => readText(text, String(strings.raw[index])))
  return { texts, pieces: texts.every(isText) ? readPieces(texts) : undefined }
}

const templates = new WeakMap<TemplateStringsArray, Template>()

/** A statement that is one value, as a name or JSON is, counts as that value. */
const unwrap = (segment: Segment): Segment => {
  if (typeof segment !== "object" || !isStatement(segment)) return segment
  const [only = "", ...others] = segment[TypeId].segments
  return others.length === 0 && typeof only === "object" && !isStatement(only) && only._tag === "Value" ? only : segment
}

const isValue = (segment: Segment): segment is Value =>
  typeof segment === "object" && !isStatement(segment) && segment._tag === "Value"

/** The statement of a template with its values. */
export const fill = (strings: TemplateStringsArray, given: ReadonlyArray<unknown>): Statement => {
  let template = templates.get(strings)
  if (template === undefined) {
    template = read(strings)
    // JavaScript freezes the texts of a template; others may change after this call
    if (Object.isFrozen(strings)) templates.set(strings, template)
  }
  const { pieces, texts } = template
  const values = given.map((value, index) => unwrap(fromValueAfter(texts[index], `value ${index + 1}`, value)))
  return pieces !== undefined && values.length === pieces.length - 1 && values.every(isValue)
    ? fromSegments([{ _tag: "Filled", pieces, values }])
    : fromSegments(
        texts.flatMap((text, index) => {
          const value = values[index]
          return value === undefined ? [text] : [text, value]
        })
      )
}
