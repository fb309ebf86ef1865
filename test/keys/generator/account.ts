/**
 * An account of roles in one database, without the embedded CARTO. Thousands of statements are analyzed there and run with
 * exact grants. `master` owns everything, `publicuser` is the default public key, `app` the key.
 */
import { Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { Carto, type Grants } from "../../../src/index.ts"

/** How a statement ended. */
export interface Outcome {
  /** PostgreSQL's code of the error; `undefined` if there was none. */
  readonly code: string | undefined
  readonly message: string
}

/** A database of one kind. */
export interface Database {
  readonly version: string
  /** Runs statements as a role in a transaction that is rolled back, and returns the rows of the last that has any. */
  readonly query: (role: string, text: string) => Promise<ReadonlyArray<Readonly<Record<string, unknown>>>>
  /** Runs a statement as the role `app` with grants that last as long as it, and rolls it back. */
  readonly attempt: (grants: string, text: string) => Promise<Outcome>
  /** Runs statements as the superuser. */
  readonly superuser: (text: string) => Promise<void>
  readonly close: () => Promise<void>
}

export const masterToken = "0123456789abcdef0123456789abcdef01234567"

/** The roles that a database needs. */
export const roles = `
  CREATE ROLE publicuser LOGIN;
  CREATE ROLE master LOGIN IN ROLE publicuser;
  CREATE ROLE app LOGIN IN ROLE publicuser;
  CREATE ROLE other NOLOGIN;
  REVOKE CREATE ON SCHEMA public FROM PUBLIC;`

/** What may be left of one case is gone before the next. */
export const cleared = `
  DROP OWNED BY master CASCADE; DROP OWNED BY app CASCADE; DROP OWNED BY other CASCADE; DROP OWNED BY publicuser CASCADE;
  DROP SCHEMA IF EXISTS hidden CASCADE;
  CREATE SCHEMA hidden AUTHORIZATION master;
  GRANT ALL ON SCHEMA public TO master; GRANT USAGE ON SCHEMA public TO PUBLIC;
  GRANT CREATE, TEMPORARY ON DATABASE postgres TO master;`

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** The error of a driver, as the SQL API reports it. */
export const outcomeOf = (error: unknown): Outcome => ({
  code: isObject(error) && typeof error["code"] === "string" ? error["code"] : "unknown",
  message: error instanceof Error ? error.message : String(error)
})

const respond = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })

/** The SQL API on a database. */
const fetchOn =
  (database: Database): typeof globalThis.fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const body = await request.text()
    const parsed: unknown = body.startsWith("{") ? JSON.parse(body) : undefined
    const q = isObject(parsed) ? parsed["q"] : new URLSearchParams(body).get("q")
    const [, token] = atob((request.headers.get("authorization") ?? "").slice("Basic ".length)).split(":")
    try {
      const rows = await database.query(token === masterToken ? "master" : "publicuser", String(q))
      return respond({ rows, time: 0, total_rows: rows.length, fields: {} })
    } catch (error) {
      return respond({ error: [outcomeOf(error).message] }, 400)
    }
  }

/** The client's services for the account on a database. */
export const servicesOn = (database: Database): Layer.Layer<Carto.CartoServices> =>
  Carto.layer({ baseUrl: "http://localhost/user/demo", apiKey: Redacted.make(masterToken), retry: false }).pipe(
    Layer.provide(Layer.fresh(FetchHttpClient.layer)),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetchOn(database))),
    Layer.orDie
  )

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The GRANT statements by which the Auth API gives a key its grants. */
export const grantText = ({ schemas = [], tables = [] }: Grants.GrantsRequest): string =>
  [
    ...tables.map(({ name, permissions, schema = "public" }) => {
      const table = `${quote(schema)}.${quote(name)}`
      const sequences = `DO $$ DECLARE s regclass; BEGIN
        FOR s IN SELECT d.objid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
          WHERE d.refobjid = '${table.replaceAll("'", "''")}'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
        LOOP EXECUTE 'GRANT USAGE, SELECT ON SEQUENCE ' || s || ' TO app'; END LOOP; END $$`
      return `GRANT USAGE ON SCHEMA ${quote(schema)} TO app; GRANT ${permissions.join(", ")} ON ${table} TO app; ${sequences}`
    }),
    ...schemas.map(({ name }) => `GRANT CREATE, USAGE ON SCHEMA ${quote(name)} TO app`)
  ].join("; ")
