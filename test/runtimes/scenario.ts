/**
 * The scenario of the guide as one program, which Node, Deno, Bun and workerd run against an embedded CARTO on a loopback
 * port. It returns its results, so that the runtimes can be compared.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import {
  ApiKeyManager,
  Auth,
  type CartoError,
  CopySql,
  Grants,
  type Sql as SqlServices,
  Sql,
  sql
} from "../../src/index.ts"
import { refused, type Sources, uploaded, webSources } from "./sources.ts"

/** The tag of the reason that a call fails with. */
const reasonOf = <A, R>(effect: Effect.Effect<A, CartoError, R>): Effect.Effect<string, never, R> =>
  Effect.match(effect, { onFailure: (error) => error.reason._tag, onSuccess: () => "no failure" })

/** The sources whose rows did not arrive as they are, and the values that were not refused. */
const uploads = Effect.fnUntraced(function* (sources: Sources) {
  const copy = yield* CopySql
  const db = yield* Sql
  const into = sql`COPY copies (name, year) FROM STDIN`
  const wrong: Array<string> = []
  for (const [name, make] of Object.entries(sources)) {
    const sent = yield* Effect.result(Effect.suspend(() => copy.from(into, make())))
    const { rows } = yield* db.query(sql`DELETE FROM copies WHERE name LIKE 'upload%' RETURNING name, year`)
    if (JSON.stringify(rows) !== JSON.stringify(uploaded)) wrong.push(`${name}: ${JSON.stringify([sent, rows])}`)
  }
  for (const [name, value] of Object.entries(refused)) {
    const reason = yield* reasonOf(Effect.suspend(() => copy.from(into, Object(value))))
    if (reason !== "InvalidInput") wrong.push(`${name}: ${reason}`)
  }
  return wrong
})

/** `sources` are those that not every runtime has. */
export const scenario = Effect.fnUntraced(function* (
  sources: Sources
): Effect.fn.Return<Readonly<Record<string, unknown>>, CartoError, ApiKeyManager | Auth | CopySql | SqlServices> {
  const keys = yield* ApiKeyManager
  const db = yield* Sql
  const saw: Record<string, unknown> = {}
  const lastYear = sql`SELECT name, year FROM storms WHERE year = DATE_PART('year', NOW() - INTERVAL '1 year') ORDER BY name`

  saw["whoami"] = (yield* keys.whoami).type
  saw["master"] = (yield* db.query(lastYear)).rows.length
  saw["public"] = (yield* db
    .query(sql`SELECT count(*)::int AS n FROM places`)
    .pipe(Auth.withApiKey(Auth.defaultPublic))).rows[0]
  saw["public refused"] = yield* reasonOf(db.query(lastYear).pipe(Auth.withApiKey(Auth.defaultPublic)))

  const key = yield* keys.create({ name: "storms api key", tables: [Grants.table("storms", ["select"])] })
  saw["created"] = [key.name, key.type, key.grants.apis, key.grants.tables.map((table) => table.permissions)]
  saw["name taken"] = yield* reasonOf(keys.create({ name: "storms api key", apis: ["sql"] }))
  saw["unknown table"] = yield* reasonOf(
    keys.create({ name: "nope", tables: [Grants.table("no_such_table", ["select"])] })
  )
  saw["query"] = (yield* db.query(lastYear).pipe(Auth.withApiKey(key))).rows.length
  saw["write refused"] = yield* reasonOf(db.query(sql`DELETE FROM storms`).pipe(Auth.withApiKey(key)))
  saw["other table refused"] = yield* reasonOf(db.query(sql`SELECT * FROM secrets`).pipe(Auth.withApiKey(key)))
  saw["not master"] = yield* reasonOf(
    keys.create({ name: "by a regular key", apis: ["sql"] }).pipe(Auth.withApiKey(key))
  )
  saw["sees itself"] = (yield* keys.list().pipe(Auth.withApiKey(key))).map(({ name }) => name)
  saw["values"] = (yield* db.query(
    sql`SELECT ${"O'Brien \\ ☃"} AS text, ${-1.5}::float8 AS number, ${[1, 2]} AS list`
  )).rows[0]

  const copy = yield* CopySql
  const rows = Stream.range(1, 3000).pipe(Stream.map((year) => ({ name: `storm ☃ ${year}`, year })))
  saw["copied"] = (yield* copy.fromRows({ table: "copies", columns: ["name", "year"] }, rows, { gzip: true })).rows
  saw["streamed"] = yield* db.stream(sql`SELECT name, year FROM copies WHERE name = 'storm ☃ ' || year`).pipe(
    Stream.runFold(
      () => 0,
      (sum, { year }) => sum + Number(year)
    )
  )
  saw["left a stream"] = (yield* Stream.runCollect(Stream.take(db.stream(sql`SELECT * FROM copies`), 2))).length

  saw["uploads that went wrong"] = yield* uploads({ ...webSources, ...sources })

  saw["got"] = (yield* keys.get("storms api key")).name
  saw["listed"] = (yield* Stream.runCollect(keys.stream({ type: ["master", "default", "regular"], pageSize: 1 }))).map(
    ({ name }) => name
  )
  const next = yield* keys.regenerate("storms api key")
  saw["old token refused"] = yield* reasonOf(db.query(lastYear).pipe(Auth.withApiKey(key.token)))
  saw["new token"] = (yield* db.query(lastYear).pipe(Auth.withApiKey(next))).rows.length

  const services = yield* keys.create({
    name: "data services",
    services: ["geocoding", "routing", "isolines", "observatory"]
  })
  saw["services"] = services.grants.services
  saw["geocoded"] = (yield* db
    .query(sql`SELECT cdb_geocode_admin0_polygon('USA') IS NOT NULL AS found`)
    .pipe(Auth.withApiKey(services))).rows[0]
  saw["geocoding refused"] = yield* reasonOf(
    db.query(sql`SELECT cdb_geocode_admin0_polygon('USA')`).pipe(Auth.withApiKey(next))
  )

  yield* keys.delete(next)
  yield* keys.delete("data services")
  saw["deleted token refused"] = yield* reasonOf(db.query(lastYear).pipe(Auth.withApiKey(next)))
  saw["deleted key"] = yield* reasonOf(keys.get("storms api key"))
  saw["regular keys left"] = (yield* keys.list({ type: "regular" })).length

  const master = yield* keys.regenerate("Master")
  saw["goes on with the new master token"] = (yield* keys.list()).length
  saw["both ways"] = yield* keys.isValid(master)
  return saw
})
