/** `format=arraybuffer`: columns of numbers and text in typed blocks. */
import * as Effect from "effect/Effect"
import { type ApiError, badRequest } from "../apiError.ts"
import { collect } from "../query/execution.ts"
import { paged } from "../query/paging.ts"
import { readNothing, type RowReader, rowReader } from "../rows/rowReader.ts"
import type { Json } from "../rows/json.ts"
import { type Block, block, codes, float32, listBlock, numberBlock, textBlock } from "./arrayBufferBlock.ts"
import type { Format } from "./format.ts"

/** The type that a column's name requests. The real server does not recognize `uintclamp8`. */
const codeOf = (name: string): number => {
  const type = /.*__((?:uint|int|float)(?:8|16|32))/.exec(name)?.[1]
  return (type === undefined ? undefined : codes.get(type)) ?? float32
}

// The real server treats any value except a number or text as a list, and fails on values that are not lists.
const itemBlock = (code: number, value: Json): Block => {
  if (value === null) throw new TypeError("Cannot read property 'length' of null")
  if (!Array.isArray(value)) throw new RangeError('The value "NaN" is invalid for option "size"')
  return numberBlock(code, value.map(Number))
}

const stringBlock = (value: Json): Block => {
  if (value === null) throw new TypeError("Cannot read property 'length' of null")
  return textBlock(String(value))
}

const columnBlock = (name: string, values: ReadonlyArray<Json>): Block => {
  const [first] = values
  if (typeof first === "string") return block(10, values.map(stringBlock))
  const code = codeOf(name)
  if (typeof first === "object") return listBlock(values.map((value) => itemBlock(code, value)))
  return numberBlock(code, values.map(Number))
}

const encode = (rows: ReadonlyArray<Record<string, Json>>): Effect.Effect<Uint8Array, ApiError> => {
  const [first] = rows
  if (first === undefined) return Effect.succeed(new Uint8Array())
  const names = Object.keys(first)
  if (names.includes("the_geom")) return Effect.fail(badRequest("geometry types are not supported"))
  return Effect.try({
    try: () =>
      listBlock([
        block(10, names.map(textBlock)),
        ...names.map((name) =>
          columnBlock(
            name,
            rows.map((row) => row[name] ?? null)
          )
        )
      ]),
    catch: (error) => badRequest(error instanceof Error ? error.message : String(error))
  })
}

/** The format `arraybuffer`. */
export const arraybuffer: Format = {
  extension: "arraybuffer",
  contentType: "application/octet-stream",
  jsonp: false,
  run: Effect.fnUntraced(function* ({ database, login, parameters }) {
    const messages = yield* collect(database.run({ login, sql: paged(parameters.sql, parameters.paging) }))
    let read: RowReader = readNothing
    const rows: Array<Record<string, Json>> = []
    for (const message of messages) {
      if (message._tag === "Columns") read = rowReader(message.columns, parameters.skipFields)
      if (message._tag === "Row") rows.push(read(message.values))
    }
    return yield* encode(rows)
  })
}
