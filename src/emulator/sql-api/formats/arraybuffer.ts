/** `format=arraybuffer`: columns of numbers and texts in typed blocks. */
import * as Effect from "effect/Effect"
import { type ApiError, badRequest } from "../ApiError.ts"
import { collect } from "../Execution.ts"
import { paged } from "../Paging.ts"
import { readNothing, type RowReader, rowReader } from "../RowReader.ts"
import type { Json } from "../Values.ts"
import { type Block, block, codes, listBlock, numberBlock, textBlock } from "./ArrayBufferBlock.ts"
import type { Format } from "./Format.ts"

const codeInName = (name: string): number => {
  const type = /__((?:uintclamp|uint|int|float)(?:8|16|32))$/i.exec(name)?.[1]?.toLowerCase()
  return (type === undefined ? undefined : codes.get(type)) ?? codes.get("float32") ?? 8
}

const numbers = (value: Json): ReadonlyArray<number> => (Array.isArray(value) ? value.map(Number) : [])

const columnBlock = (name: string, values: ReadonlyArray<Json>): Block => {
  const [first] = values
  if (typeof first === "string")
    return block(
      10,
      values.map((value) => textBlock(String(value ?? "")))
    )
  const code = codeInName(name)
  if (Array.isArray(first)) return listBlock(values.map((value) => numberBlock(code, numbers(value))))
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

export const arraybuffer: Format = {
  extension: "arraybuffer",
  contentType: "application/octet-stream",
  jsonp: false,
  run: Effect.fnUntraced(function* ({ database, login, parameters }) {
    const source = paged(parameters.sql, parameters.paging)
    const messages = yield* collect(database.run({ login, sql: `SELECT * FROM (${source}) AS _cartodbsqlapi` }))
    let read: RowReader = readNothing
    const rows: Array<Record<string, Json>> = []
    for (const message of messages) {
      if (message._tag === "Columns") read = rowReader(message.columns, parameters.skipFields)
      if (message._tag === "Row") rows.push(read(message.values))
    }
    return yield* encode(rows)
  })
}
