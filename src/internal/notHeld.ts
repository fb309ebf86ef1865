/** Finds out which of the asked-for grants the account lacks, since the server does not say. */
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

const name = ({ permission, schema, name }: Asked): string => `${permission} on ${schema}.${name}`

// Catalogue tables are named in full: the text runs under the account's own search path.
const tablesQuery = (asked: ReadonlyArray<Asked>) => sql`
  SELECT asked.position,
    c.oid IS NOT NULL AS found,
    COALESCE(pg_catalog.has_table_privilege(c.oid, asked.permission), false) AS held,
    (SELECT pg_catalog.string_agg(m.nspname::text, ', ' ORDER BY m.nspname)
      FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace m ON m.oid = o.relnamespace
      WHERE o.relname = asked.name AND m.nspname <> asked.schema AND o.relkind IN ('r', 'v', 'm', 'p', 'f')
        AND m.nspname NOT IN ('cartodb', 'cdb', 'cdb_importer') AND m.nspname NOT LIKE 'pg\\_%') AS elsewhere
  FROM (VALUES ${sql.join(
    asked.map(({ permission, schema, name }, position) => sql`(${position}, ${schema}, ${name}, ${permission})`),
    ", "
  )}) AS asked(position, schema, name, permission)
  LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
    ON c.relname = asked.name AND n.nspname = asked.schema AND c.relkind IN ('r', 'v', 'm', 'p', 'f')`

const schemasQuery = (asked: ReadonlyArray<Asked>) => sql`
  SELECT asked.position,
    n.oid IS NOT NULL AS found,
    COALESCE(pg_catalog.has_schema_privilege(n.oid, 'create'), false) AS held,
    NULL AS elsewhere
  FROM (VALUES ${sql.join(
    asked.map(({ name }, position) => sql`(${position}, ${name})`),
    ", "
  )}) AS asked(position, name)
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = asked.name`

const askedFor = (kind: "table" | "schema", request: GrantsRequest, defaultSchema: string): ReadonlyArray<Asked> =>
  kind === "table"
    ? (request.tables ?? []).flatMap(({ name, permissions, schema }) =>
        permissions.map((permission) => ({ schema: schema ?? defaultSchema, name, permission }))
      )
    : (request.schemas ?? []).map(({ name }) => ({ schema: "", name, permission: "create" }))

/** `ask` is false where the account in question is not the one that the key in use belongs to. */
export const notHeld = (
  wire: Wire,
  username: string,
  kind: "table" | "schema",
  request: GrantsRequest,
  defaultSchema: string,
  ask: boolean
): Effect.Effect<GrantNotHeld> => {
  const asked = askedFor(kind, request, defaultSchema)
  const say = kind === "table" ? name : ({ name }: Asked) => `create in schema ${name}`
  const unknown = new GrantNotHeld({
    kind,
    lacking: asked.map(say),
    remedy:
      kind === "table"
        ? `each must exist under that name and belong to the account or be shared with it; the schema was ${defaultSchema} where none was given`
        : "each must exist and let the account create tables in it"
  })
  if (!ask || asked.length === 0) return Effect.succeed(unknown)
  return Effect.fromResult(compile(kind === "table" ? tablesQuery(asked) : schemasQuery(asked))).pipe(
    Effect.flatMap((text) => query(wire, username, text)),
    Effect.map(({ rows }) => {
      const lacking: Array<string> = []
      const remedies = new Set<string>()
      for (const row of rows) {
        if (typeof row !== "object" || row === null || !("position" in row) || !("held" in row)) continue
        const item = asked[Number(row.position)]
        if (item === undefined || row.held === true) continue
        lacking.push(say(item))
        const elsewhere = "elsewhere" in row && typeof row.elsewhere === "string" ? row.elsewhere : undefined
        if ("found" in row && row.found === true) {
          remedies.add("the account may not pass on this permission: ask the owner to share it")
        } else if (elsewhere !== undefined) {
          remedies.add(
            `${item.name} is not in schema ${item.schema} but in ${elsewhere}; name that schema in the grant`
          )
        } else {
          remedies.add(`there is no ${kind} ${item.schema === "" ? item.name : `${item.schema}.${item.name}`}`)
        }
      }
      return lacking.length === 0 ? unknown : new GrantNotHeld({ kind, lacking, remedy: [...remedies].join("; ") })
    }),
    // what cannot be found out leaves the answer as vague as the server's
    Effect.orElseSucceed(() => unknown)
  )
}
