import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { type Database, Databases } from "../../../src/emulator/database.ts"
import * as DataServices from "../../../src/emulator/dataservices/dataServices.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"
import { tornadoes } from "../../../src/emulator/samples/tornadoes.ts"

class Prepared extends Context.Service<Prepared, Database>()("test/Prepared") {}

const permissions: Readonly<Record<string, ReadonlyArray<string>>> = {
  owner: ["geocoding", "routing", "isolines", "observatory"],
  geocoder: ["geocoding"],
  router: ["routing"]
}

const WithDatabase = Layer.effect(
  Prepared,
  Effect.gen(function* () {
    const database = yield* Databases.use((databases) => databases.open("services"))
    for (const role of [...Object.keys(permissions), "stranger"]) {
      yield* database.superuser(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
      const configuration = { username: "demo", permissions: permissions[role], ownership_role_name: "" }
      if (permissions[role] === undefined) continue
      yield* database.superuser("SELECT cartodb.cdb_conf_setconf('api_keys_' || $1, $2::json)", [
        role,
        JSON.stringify(configuration)
      ])
    }
    // It must run again without harm: a database that is kept in a folder has it all already.
    yield* database.superuserTransaction([DataServices.setUp({ postgis: database.postgis })])
    yield* database.superuserTransaction([DataServices.setUp({ postgis: database.postgis })])
    yield* database.superuserTransaction([
      "ALTER SCHEMA public OWNER TO owner",
      tornadoes({ schema: "public", owner: "owner", postgis: false })
    ])
    return database
  })
).pipe(Layer.provide(PgliteDatabases.layer({ postgis: false })))

/** The first row of a text, or PostgreSQL's message. */
const run = (role: string, sql: string) =>
  Effect.gen(function* () {
    const database = yield* Prepared
    const messages = yield* Stream.runCollect(database.run({ login: { role, password: "secret" }, sql }))
    for (const message of messages) {
      if (message._tag === "Failure") return message.report.message
      if (message._tag === "Row") return message.values
    }
    return []
  })

const polygon = (name: string) => `SELECT left(cdb_dataservices_client.cdb_geocode_admin0_polygon(${name}), 18)`

const calls: ReadonlyArray<readonly [string, string, string]> = [
  ["geocoding", "Geocoding", "cdb_geocode_street_point('x')"],
  ["geocoding", "Geocoding", "cdb_geocode_namedplace_point('Madrid', 'Spain')"],
  ["isolines", "Isolines", "cdb_isodistance(NULL, 'car', ARRAY[1])"],
  ["isolines", "Isolines", "cdb_isochrone(NULL, 'car', ARRAY[1])"],
  ["routing", "Routing", "cdb_route_point_to_point(NULL, NULL, 'car')"],
  ["observatory", "Data Observatory", "obs_getdemographicsnapshot(NULL)"],
  ["observatory", "Data Observatory", "obs_getmeasure(NULL, 'x')"]
]

layer(WithDatabase)("data services", (it) => {
  it.effect("data services return the polygon of a country after the countries are loaded", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* run("geocoder", polygon("'USA'")), "the embedded CARTO has no country polygons")
      const database = yield* Prepared
      yield* DataServices.loadCountries(database)
      yield* DataServices.loadCountries(database)
      for (const name of ["'USA'", "'united states'", "'España'", "'Côte d''Ivoire'", "'bosnia & herzegovina'"]) {
        assert.deepEqual(yield* run("geocoder", polygon(name)), ["0106000020E6100000"], name)
      }
      assert.deepEqual(yield* run("geocoder", polygon("'Atlantis'")), [null])
      assert.deepEqual(yield* run("geocoder", polygon("NULL")), [null])
    })
  )
  it.effect("data services check the permission of the key first", () =>
    Effect.gen(function* () {
      for (const role of ["router", "stranger"]) {
        assert.strictEqual(yield* run(role, polygon("'USA'")), "Geocoding permission denied")
      }
      for (const [permission, title, call] of calls) {
        const sql = `SELECT cdb_dataservices_client.${call}`
        for (const role of ["owner", "geocoder", "router", "stranger"]) {
          const expected =
            permissions[role]?.includes(permission) === true
              ? `the embedded CARTO does not have ${call.replace(/\(.*/, "")}`
              : `${title} permission denied`
          assert.strictEqual(yield* run(role, sql), expected, `${role} ${call}`)
        }
      }
    })
  )
  it.effect("data services ignore objects that the caller puts in the way", () =>
    Effect.gen(function* () {
      const sql = `CREATE TEMP TABLE cdb_conf (key text, value json);
        INSERT INTO cdb_conf VALUES ('api_keys_router', '{"username": "x", "permissions": ["geocoding"]}');
        CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'fooled' $$;
        SET search_path = pg_temp, public;
        ${polygon("'USA'")}`
      assert.strictEqual(yield* run("router", sql), "Geocoding permission denied")
      for (const sql of [
        "SELECT * FROM cdb_dataservices_client._countries",
        "UPDATE cartodb.cdb_conf SET value = '{}'",
        "SET SESSION AUTHORIZATION owner",
        "CREATE FUNCTION cdb_dataservices_client.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
      ]) {
        assert.match(String(yield* run("router", sql)), /permission denied|cannot set/, sql)
      }
    })
  )
})

layer(WithDatabase)("the sample tables", (it) => {
  it.effect("sample tables have rows in each of the last four years and none in the future", () =>
    Effect.gen(function* () {
      const row = yield* run(
        "owner",
        `SELECT count(*), count(DISTINCT year), min(year) = extract(year FROM current_date) - 3,
           max(year) = extract(year FROM current_date), max(date) <= current_date,
           bool_and(year = extract(year FROM date)), count(DISTINCT state)
         FROM public.tornadoes`
      )
      assert.deepEqual(row, ["400", "4", "t", "t", "t", "t", "11"])
      assert.deepEqual(yield* run("owner", "SELECT count(*) > 100 FROM public.storm_reports"), ["t"])
    })
  )
  it.effect("sample tables are private and are described as samples", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* run("router", "SELECT * FROM public.tornadoes"),
        "permission denied for table tornadoes"
      )
      for (const table of ["tornadoes", "storm_reports"]) {
        const [comment] = yield* run("owner", `SELECT obj_description('public.${table}'::regclass)`)
        assert.match(String(comment), /SAMPLE/)
        const [updated] = yield* run("owner", `SELECT has_table_privilege('publicuser', 'public.${table}', 'SELECT')`)
        assert.strictEqual(updated, "f")
      }
    })
  )
})

describe("needsCountries", () => {
  it("needsCountries is true for statements with the function's name", () => {
    assert.isTrue(DataServices.needsCountries("select CDB_Geocode_Admin0_Polygon('x')"))
    assert.isFalse(DataServices.needsCountries("select cdb_geocode_admin1_polygon('x')"))
  })
})
