/** Finds out which of the asked-for tables the account cannot grant, since the server does not say. */
import * as Effect from "effect/Effect"
import type { GrantsRequest } from "../Grants.ts"
import { GrantNotHeld } from "../reasons/AuthApi.ts"
import { compile, sql } from "../Statement.ts"
import { query } from "./sqlApi.ts"
import type { Wire } from "./wire.ts"

interface Asked {
  readonly schema: string
  readonly name: string
  readonly permission: string
}

const say = ({ name, permission, schema }: Asked): string => `${permission} on ${schema}.${name}`

// Catalogue tables are named in full: the text runs under the account's own search path.
const heldQuery = (asked: ReadonlyArray<Asked>) => sql`WITH relation AS (
  SELECT c.oid, c.relname, n.nspname FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
) SELECT asked.position, r.oid IS NOT NULL AS found,
  COALESCE(pg_catalog.has_table_privilege(r.oid, asked.permission), false) AS held,
  (SELECT pg_catalog.string_agg(o.nspname::text, ', ' ORDER BY o.nspname) FROM relation o
    WHERE o.relname = asked.name AND pg_catalog.has_table_privilege(o.oid, asked.permission)) AS elsewhere
FROM (VALUES ${sql.join(
  asked.map(({ name, permission, schema }, position) => sql`(${position}, ${schema}, ${name}, ${permission})`),
  ", "
)}) AS asked(position, schema, name, permission)
LEFT JOIN relation r ON r.relname = asked.name AND r.nspname = asked.schema`

const explain = (item: Asked, found: boolean, elsewhere: unknown): string =>
  found
    ? `the account may not pass on ${say(item)}`
    : typeof elsewhere === "string"
      ? `${item.name} is in schema ${elsewhere}, not ${item.schema}: name that schema in the grant`
      : `there is no ${item.schema}.${item.name}`

/** `ask` is false where the account in question is not the one that the key in use belongs to. */
export const notHeld = (
  wire: Wire,
  username: string,
  kind: "table" | "schema",
  request: GrantsRequest,
  defaultSchema: string,
  ask: boolean
): Effect.Effect<GrantNotHeld> => {
  if (kind === "schema") {
    return Effect.succeed(
      new GrantNotHeld({
        kind,
        lacking: (request.schemas ?? []).map(({ name }) => `create in schema ${name}`),
        remedy: "each must exist and let the account create tables in it"
      })
    )
  }
  const asked = (request.tables ?? []).flatMap(({ name, permissions, schema }) =>
    permissions.map((permission): Asked => ({ schema: schema ?? defaultSchema, name, permission }))
  )
  const unknown = new GrantNotHeld({
    kind,
    lacking: asked.map(say),
    remedy: "each must exist in that schema, and belong to the account or be shared with it"
  })
  if (!ask) return Effect.succeed(unknown)
  return Effect.fromResult(compile(heldQuery(asked))).pipe(
    Effect.flatMap((text) => query(wire, username, text)),
    Effect.map(({ rows }) => {
      const lacking = rows.flatMap((row) => {
        if (typeof row !== "object" || row === null) return []
        const { elsewhere, found, held, position }: Record<string, unknown> = { ...row }
        const item = asked[Number(position)]
        return item === undefined || held === true ? [] : [{ item, remedy: explain(item, found === true, elsewhere) }]
      })
      return lacking.length === 0
        ? unknown
        : new GrantNotHeld({
            kind,
            lacking: lacking.map(({ item }) => say(item)),
            remedy: [...new Set(lacking.map(({ remedy }) => remedy))].join("; ")
          })
    }),
    // what cannot be found out leaves the answer as vague as the server's
    Effect.orElseSucceed(() => unknown)
  )
}
