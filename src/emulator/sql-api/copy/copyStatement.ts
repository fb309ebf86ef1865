/** What the two COPY endpoints share. */
import * as Effect from "effect/Effect"
import { type ApiError, badRequest } from "../apiError.ts"
import type { Parameters } from "../parameters.ts"

/** Milliseconds that a COPY may take; they replace the role's own timeout. */
export const copyTimeout: number = 5 * 60 * 60 * 1000

/** The COPY statement in the parameter `q`: the word and a space must be its beginning. */
export const statement = (parameters: Parameters): Effect.Effect<string, ApiError> => {
  const sql = parameters["q"]
  if (typeof sql !== "string") return Effect.fail(badRequest("SQL is missing"))
  return /^copy /i.test(sql) ? Effect.succeed(sql) : Effect.fail(badRequest("SQL must start with COPY"))
}
