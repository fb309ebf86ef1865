/** Finds out which grants of a request the account cannot give, since the server does not say. */
import * as Effect from "effect/Effect"
import type { GrantsRequest } from "../../../account/Grants.ts"
import { GrantNotHeld } from "../../../errors/AuthApi.ts"
import { compile } from "../../../sql/internal/compile.ts"
import { sql } from "../../../sql/Statement.ts"
import { isObject, isStrings } from "../../../errors/internal/json.ts"
import { printable, quote } from "../../../errors/internal/printable.ts"
import { listKeys } from "./listKeys.ts"
import { readQuery } from "../../../sql/internal/responses.ts"
import type { Wire } from "../../../http/client.ts"

interface Asked {
  readonly schema: string
  readonly name: string
  readonly permission: string
}

const say = ({ name, permission, schema }: Asked): string => `${permission} on ${schema}.${name}`

// Catalog tables are named in full: the text runs under the account's own search path. The account is a member of its keys' roles.
const heldQuery = (asked: ReadonlyArray<Asked>) => sql`SELECT n.nspname AS schema, c.relname AS name,
  pg_catalog.pg_get_userbyid(c.relowner) <> current_user AND pg_catalog.pg_has_role(c.relowner, 'MEMBER') AS foreign,
  ARRAY(SELECT p FROM pg_catalog.unnest(${asked.map(({ permission }) => permission)}::text[]) p
    WHERE pg_catalog.has_table_privilege(c.oid, p)) AS held
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND c.relname IN (${sql.csv(asked.map(({ name }) => name))})`

/** Says why a permission is missing; `undefined` if it is not. `owners` are the keys that own tables. */
const explain = (
  item: Asked,
  rows: ReadonlyArray<unknown>,
  owners: ReadonlyMap<string, string>
): string | undefined => {
  const full = `${item.schema}.${item.name}`
  const tables = rows.filter(isObject).filter(({ name }) => name === item.name)
  const table = tables.find(({ schema }) => schema === item.schema)
  if (table !== undefined) {
    const owner = owners.get(full)
    if (table["foreign"] === true) {
      return `${printable(full)} belongs to ${owner === undefined ? "another key" : `the key ${quote(owner)}`}: run ALTER TABLE ${printable(full)} OWNER TO CURRENT_USER under the master key`
    }
    return isStrings(table["held"]) && table["held"].includes(item.permission)
      ? undefined
      : `the account has no right to grant ${printable(say(item))}`
  }
  const schemas = tables.map(({ schema }) => schema).join(", ")
  return schemas === ""
    ? `there is no ${printable(full)}`
    : printable(`${item.name} is in schema ${schemas}, not ${item.schema}: name that schema in the grant`)
}

/** The names of keys that own tables, by table. */
const ownersOf = (wire: Wire): Effect.Effect<ReadonlyMap<string, string>> =>
  Effect.orElseSucceed(
    Effect.map(
      listKeys(wire, { type: "regular" }),
      (keys) =>
        new Map(
          keys.flatMap(({ grants, name }) =>
            grants.tables.filter(({ owner }) => owner).map((table) => [`${table.schema}.${table.name}`, name])
          )
        )
    ),
    () => new Map()
  )

/** Explains a refusal. `ask` is false if the key in use does not belong to the account in question. */
export const missingGrants = (
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
    remedy: "each must exist, and belong to the account or be shared with it"
  })
  if (!ask || kind === "schema") return Effect.succeed(unexplained)
  return Effect.fromResult(compile(heldQuery(asked))).pipe(
    Effect.flatMap((text) => readQuery(wire, username, text)),
    Effect.flatMap(({ rows }) =>
      Effect.map(
        rows.some((row) => isObject(row) && row["foreign"] === true)
          ? ownersOf(wire)
          : Effect.succeed<ReadonlyMap<string, string>>(new Map()),
        (owners) => {
          const reasons = asked.map((item) => explain(item, rows, owners))
          const lacking = asked.filter((_, index) => reasons[index] !== undefined)
          const remedies = new Set(reasons.filter((reason) => reason !== undefined))
          return lacking.length === 0
            ? unexplained
            : new GrantNotHeld({ kind, lacking: lacking.map(say), remedy: [...remedies].join("; ") })
        }
      )
    ),
    // what cannot be found out leaves the message as vague as the server's
    Effect.orElseSucceed(() => unexplained)
  )
}
