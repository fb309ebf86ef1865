/** Finds the schema of tables that name none. */
import * as Effect from "effect/Effect"
import { isObject } from "../../../errors/internal/json.ts"
import type { Wire } from "../../../http/client.ts"
import { readQuery } from "../../../sql/internal/responses.ts"
import type { CreateOptions } from "./options.ts"

/**
 * Makes a function that finds the schema for a request. It is the account's own. Only an on-premises URL does not tell it, so it
 * is asked for once.
 */
export const makeDefaultSchema = (
  wire: Wire,
  username: string,
  given: string | undefined
): ((options: CreateOptions) => Effect.Effect<string>) => {
  let known = given
  const ask = readQuery(wire, username, "SELECT pg_catalog.current_schema() AS schema").pipe(
    Effect.map(({ rows: [row] }) => {
      known = isObject(row) && typeof row["schema"] === "string" ? row["schema"] : "public"
      return known
    }),
    Effect.orElseSucceed(() => "public")
  )
  return ({ tables, targetUser }) => {
    if (tables?.every(({ schema }) => schema !== undefined) !== false) return Effect.succeed("public")
    // the schema of an organization's member has the member's name
    if (targetUser !== undefined) return Effect.succeed(targetUser)
    return Effect.suspend(() => (known === undefined ? ask : Effect.succeed(known)))
  }
}
