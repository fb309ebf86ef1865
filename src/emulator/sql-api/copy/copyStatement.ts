/** Code that the two COPY endpoints share. */
import * as Effect from "effect/Effect"
import { type ApiError, badRequest } from "../apiError.ts"
import type { Parameters } from "../parameters.ts"

/** Timeout of a COPY in milliseconds. It replaces the role's own timeout. */
export const copyTimeout: number = 5 * 60 * 60 * 1000

/** Returns the COPY statement in the parameter `q`. The text must begin with the word COPY and a space. */
export const statement = (parameters: Parameters): Effect.Effect<string, ApiError> => {
  const sql = parameters["q"]
  if (typeof sql !== "string") return Effect.fail(badRequest("SQL is missing"))
  return /^copy /i.test(sql) ? Effect.succeed(sql) : Effect.fail(badRequest("SQL must start with COPY"))
}
