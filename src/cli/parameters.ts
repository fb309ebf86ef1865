/** `--param year=2025` for `:year` in a statement. Values become literals, as those of the library do. */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { sql, type Statement } from "../sql/Statement.ts"
import { usage } from "./failure.ts"
import { placeholders } from "./statements.ts"

export const parameterFlags = {
  param: Flag.String("param").pipe(
    Flag.withAlias("p"),
    Flag.withMetavar("NAME=VALUE"),
    Flag.withDescription(
      "The value of :NAME or $1 in the statement; PostgreSQL reads it as the type it needs; repeatable"
    ),
    Flag.atLeast(0)
  ),
  paramNull: Flag.String("param-null").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("NULL for :NAME or $1; repeatable"),
    Flag.atLeast(0)
  )
}

export interface ParameterFlags {
  readonly param: ReadonlyArray<string>
  readonly paramNull: ReadonlyArray<string>
}

const readParameters = Effect.fnUntraced(function* ({ param, paramNull }: ParameterFlags) {
  const values = new Map<string, string | null>(paramNull.map((name) => [name, null]))
  for (const text of param) {
    const at = text.indexOf("=")
    if (at < 1) return yield* usage(`--param ${text}: give NAME=VALUE`)
    values.set(text.slice(0, at), text.slice(at + 1))
  }
  return values
})

/** A statement of a text and its parameters. Every parameter must have a place, and every `$1` a parameter. */
export const statementOf = Effect.fnUntraced(function* (text: string, flags: ParameterFlags) {
  const values = yield* readParameters(flags)
  // a colon also cuts arrays (`a[1:n]`), so only the names that are given are parameters
  const places = placeholders(text).filter(({ name }) => values.has(name))
  const unused = [...values.keys()].find((name) => !places.some((place) => place.name === name))
  if (unused !== undefined) return yield* usage(`the statement has no place :${unused} or $${unused} outside of quotes`)
  const parts = places.flatMap(({ name, start }, index): ReadonlyArray<Statement> => [
    sql.unsafe(text.slice(places[index - 1]?.end ?? 0, start)),
    sql`${values.get(name) ?? null}`
  ])
  return sql.join([...parts, sql.unsafe(text.slice(places.at(-1)?.end ?? 0))], "")
})
