/** Names of keys, tables and profiles for completion. Those of the account are kept for a minute. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as UserDirectories from "effect/persistence/UserDirectories"
import * as Schema from "effect/Schema"
import { Auth } from "../../account/Auth.ts"
import { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import { Sql } from "../../sql/Sql.ts"
import { sql } from "../../sql/Statement.ts"
import { withAccount } from "../account/account.ts"
import * as Profiles from "../account/profiles.ts"
import type { NameKind } from "./candidates.ts"

const lifetime = 60_000

const Kept = Schema.fromJsonString(Schema.Struct({ until: Schema.Finite, names: Schema.Array(Schema.String) }))

const tables = sql`SELECT n.nspname AS schema, c.relname AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ORDER BY 1, 2 LIMIT 2000`

const ask = (kind: Exclude<NameKind, "profiles">) =>
  kind === "keys"
    ? Effect.map(
        ApiKeyManager.use((manager) => manager.list()),
        (keys) => keys.map(({ name }) => name)
      )
    : Effect.map(
        Sql.use((db) => db.query(tables)),
        ({ rows }) =>
          rows.map(({ name, schema }) => (schema === "public" ? String(name) : `${String(schema)}.${String(name)}`))
      )

/** A file for each account and kind of name; it holds names and no key. */
const fileOf = Effect.fnUntraced(function* (kind: NameKind) {
  const { authUrl } = yield* Auth
  const path = yield* Path.Path
  const directories = yield* UserDirectories.UserDirectories
  return path.join(yield* directories.cache("effect-carto"), "names", `${encodeURIComponent(authUrl)}.${kind}.json`)
})

const cached = Effect.fnUntraced(function* (kind: Exclude<NameKind, "profiles">) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = yield* fileOf(kind)
  const now = yield* Clock.currentTimeMillis
  const kept = yield* Effect.option(Effect.flatMap(files.readFileString(file), Schema.decodeUnknownEffect(Kept)))
  if (kept._tag === "Some" && kept.value.until > now) return kept.value.names
  const names = yield* ask(kind)
  yield* files
    .makeDirectory(path.dirname(file), { recursive: true, mode: 0o700 })
    .pipe(
      Effect.andThen(files.writeFileString(file, JSON.stringify({ until: now + lifetime, names }), { mode: 0o600 })),
      Effect.ignore
    )
  return names
})

/** Names of a kind; none if they cannot be had. */
export const namesOf = (kind: NameKind) =>
  (kind === "profiles"
    ? Effect.map(Profiles.read, ({ profiles }): ReadonlyArray<string> => Object.keys(profiles))
    : withAccount(cached(kind))
  ).pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))
