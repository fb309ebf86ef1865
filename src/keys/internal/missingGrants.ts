/** Finds out which of the asked-for tables the account cannot grant, since the server does not say. */
import * as Effect from "effect/Effect"
import type { GrantsRequest } from "../../account/Grants.ts"
import { GrantNotHeld } from "../../errors/AuthApi.ts"
import { compile } from "../../sql/internal/compile.ts"
import { sql } from "../../sql/Statement.ts"
import { isObject, isStrings } from "../../errors/internal/json.ts"
import { readQuery } from "../../sql/internal/responses.ts"
import type { Wire } from "../../http/client.ts"

interface Asked {
  readonly schema: string
  readonly name: string
  readonly permission: string
}

const say = ({ name, permission, schema }: Asked): string => `${permission} on ${schema}.${name}`

// Catalogue tables are named in full: the text runs under the account's own search path.
const heldQuery = (asked: ReadonlyArray<Asked>) => sql`SELECT n.nspname AS schema, c.relname AS name,
  ARRAY(SELECT p FROM pg_catalog.unnest(${asked.map(({ permission }) => permission)}::text[]) p
    WHERE pg_catalog.has_table_privilege(c.oid, p)) AS held
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relname IN (${sql.csv(asked.map(({ name }) => name))})`

/** Why an asked-for permission is lacking; `undefined` where it is held. */
const explain = (item: Asked, rows: ReadonlyArray<unknown>): string | undefined => {
  const tables = rows.filter(isObject).filter(({ name }) => name === item.name)
  const table = tables.find(({ schema }) => schema === item.schema)
  if (table !== undefined) {
    return isStrings(table["held"]) && table["held"].includes(item.permission)
      ? undefined
      : `the account may not pass on ${say(item)}`
  }
  const schemas = tables.map(({ schema }) => schema).join(", ")
  return schemas === ""
    ? `there is no ${item.schema}.${item.name}`
    : `${item.name} is in schema ${schemas}, not ${item.schema}: name that schema in the grant`
}

/** `ask` is false where the account in question is not the one that the key in use belongs to. */
export const notHeld = (
  wire: Wire,
  username: string,
  kind: "table" | "schema",
  request: GrantsRequest,
  defaultSchema: string,
  ask: boolean
): Effect.Effect<GrantNotHeld> => {
  const asked = (request.tables ?? []).flatMap(({ name, permissions, schema }) =>
    permissions.map((permission): Asked => ({ schema: schema ?? defaultSchema, name, permission }))
  )
  const unexplained = new GrantNotHeld({
    kind,
    lacking: kind === "table" ? asked.map(say) : (request.schemas ?? []).map(({ name }) => `create in schema ${name}`),
    remedy: "each must exist, and be the account's own or shared with it"
  })
  if (!ask || kind === "schema") return Effect.succeed(unexplained)
  return Effect.fromResult(compile(heldQuery(asked))).pipe(
    Effect.flatMap((text) => readQuery(wire, username, text)),
    Effect.map(({ rows }) => {
      const lacking = asked.filter((item) => explain(item, rows) !== undefined)
      const remedies = new Set(lacking.map((item) => explain(item, rows)))
      return lacking.length === 0
        ? unexplained
        : new GrantNotHeld({ kind, lacking: lacking.map(say), remedy: [...remedies].join("; ") })
    }),
    // what cannot be found out leaves the answer as vague as the server's
    Effect.orElseSucceed(() => unexplained)
  )
}
