import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Emulator } from "../../../src/emulator/index.ts"
import { layerEmulator } from "../../support/embedded.ts"

const post = (path: string, authorization: string, body: unknown) =>
  Effect.gen(function* () {
    const { fetch } = yield* Emulator
    const response = yield* Effect.promise(() =>
      fetch(`https://demo.carto.com${path}`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(body)
      })
    )
    return { status: response.status, body: yield* Effect.promise(() => response.json()) }
  })

const basic = (token: string) => `Basic ${btoa(`demo:${token}`)}`

const master = Effect.map(Emulator, ({ account }) => {
  const demo = account("demo")
  return basic(demo === undefined ? "" : Redacted.value(demo.masterKey))
})

const rows = Effect.fnUntraced(function* (sql: string, authorization?: string) {
  const { body, status } = yield* post("/api/v2/sql", authorization ?? (yield* master), { q: sql })
  assert.strictEqual(status, 200, `${sql}: ${JSON.stringify(body)}`)
  return body.rows
})

const value = (sql: string) => Effect.map(rows(`SELECT ${sql} AS value`), ([row]) => row.value)

const results: ReadonlyArray<readonly [sql: string, value: unknown]> = [
  ["CDB_Version() ~ '^[0-9.]+$'", true],
  ["CDB_QueryTables('SELECT * FROM tornadoes')", "{public.tornadoes}"],
  ["CDB_QueryTablesText('SELECT * FROM tornadoes, storm_reports')", ["public.storm_reports", "public.tornadoes"]],
  ["CDB_EstimateRowCount('SELECT 1') = 1", true],
  ["ST_AsText(CDB_LatLng(40, -3.5))", "POINT(-3.5 40)"],
  ["ST_SRID(CDB_LatLng(40::numeric, -3.5::numeric))", 4326],
  ["round(ST_X(CDB_TransformToWebmercator(CDB_LatLng(0, 180))))", 20037508],
  ["CDB_TransformToWebmercator(CDB_LatLng(90, 0)) IS NULL", true],
  ["round(ST_YMax(CDB_TransformToWebmercator(ST_MakeEnvelope(-180, -90, 180, 90, 4326))))", 20037508],
  ["round(CDB_XYZ_Resolution(0)::numeric, 4)", 156543.0339],
  ["round(ST_XMin(CDB_XYZ_Extent(1, 1, 1))) + round(ST_YMax(CDB_XYZ_Extent(1, 1, 1)))", 0],
  ["round(ST_XMax(CDB_XYZ_Extent(0, 0, 0)))", 20037508],
  ["(SELECT count(*) FROM CDB_RectangleGrid(ST_MakeEnvelope(0.1, 0.1, 1.9, 1.9, 3857), 1, 1) g)", 9],
  [
    "(SELECT round(ST_Area(g)::numeric, 3) FROM CDB_HexagonGrid(ST_MakeEnvelope(0, 0, 1, 1, 3857), 10) g LIMIT 1)",
    259.808
  ],
  ["CDB_EqualIntervalBins(ARRAY[0, 5, 10]::numeric[], 5)", [2, 4, 6, 8, 10]],
  ["CDB_QuantileBins(ARRAY[1,2,3,4,5,6,7,8,9,10]::numeric[], 5)", [2, 4, 6, 8, 10]],
  ["CDB_HeadsTailsBins(ARRAY[1,1,1,1,6]::numeric[], 3)", [2, 6, 6]],
  ["CDB_JenksBins(ARRAY[1,2,3,10,11,12,50,51]::numeric[], 3)", [3, 12, 51]],
  ["(SELECT count(*) FROM cdb_service_quota_info())", 4]
]

layer(layerEmulator({ postgis: true }), { timeout: "60 seconds", excludeTestServices: true })(
  "functions that clients call by name",
  (it) => {
    describe("return what CARTO documents", () => {
      for (const [sql, expected] of results) {
        it.effect(`the result is the documented one: ${sql}`, () =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* value(sql), expected)
          })
        )
      }
    })

    for (const call of ["CDB_CartodbfyTable('made'::regclass)", "CDB_CartodbfyTable('public', 'made')"]) {
      it.effect(`${call} gives a table of a key with create its id, its geometries and their triggers`, () =>
        Effect.gen(function* () {
          const created = yield* post("/api/v3/api_keys", yield* master, {
            name: call,
            grants: [
              { type: "apis", apis: ["sql"] },
              { type: "database", tables: [], schemas: [{ name: "public", permissions: ["create"] }] }
            ]
          })
          const key = basic(created.body.token)
          yield* rows("CREATE TABLE made (name text, geom geometry(Point, 3857))", key)
          yield* rows("INSERT INTO made VALUES ('a', ST_Transform(ST_SetSRID(ST_MakePoint(1, 2), 4326), 3857))", key)
          yield* rows(`SELECT ${call}`, key)
          yield* rows("INSERT INTO made (name, the_geom) VALUES ('b', ST_SetSRID(ST_MakePoint(3, 4), 4326))", key)
          const made = yield* rows(
            `SELECT cartodb_id, name, ST_AsText(the_geom, 6) AS place, round(ST_X(the_geom_webmercator)) AS x FROM made ORDER BY 1`,
            key
          )
          assert.deepStrictEqual(made, [
            { cartodb_id: 1, name: "a", place: "POINT(1 2)", x: 111319 },
            { cartodb_id: 2, name: "b", place: "POINT(3 4)", x: 333958 }
          ])
          const touched = yield* value("(SELECT count(*) FROM cdb_tablemetadata WHERE tabname = 'made'::regclass)")
          assert.strictEqual(touched, 1)
          yield* rows(`SELECT ${call}`, key)
          yield* rows("DROP TABLE made", key)
        })
      )
    }

    it.effect("CDB_TableMetadataTouch needs permission on the table of update times", () =>
      Effect.gen(function* () {
        yield* rows("SELECT CDB_TableMetadataTouch('tornadoes'::regclass)")
        const refused = yield* post("/api/v2/sql", basic("default_public"), {
          q: "SELECT CDB_TableMetadataTouch('tornadoes'::regclass)"
        })
        assert.deepStrictEqual(
          [refused.status, refused.body.error],
          [403, ["permission denied for table cdb_tablemetadata"]]
        )
      })
    )

    it.effect("functions that the embedded CARTO does not have are named in a hint", () =>
      Effect.gen(function* () {
        const { body, status } = yield* post("/api/v2/sql", yield* master, { q: "SELECT CDB_Overviews_Nothing(1)" })
        assert.strictEqual(status, 400)
        assert.deepStrictEqual(body, {
          error: ["function cdb_overviews_nothing(integer) does not exist"],
          hint: "The embedded CARTO does not have the function cdb_overviews_nothing."
        })
      })
    )
  }
)
