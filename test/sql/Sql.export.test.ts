/** Exports: what is asked of the server, and what comes of its responses. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type CartoError, type ExportFormat, type ExportOptions, GeoJson, Sql, sql } from "../../src/index.ts"
import { layerEmbedded } from "../support/embedded.ts"
import { json, layerScripted, provideScript, scriptedFetch } from "../support/scriptedFetch.ts"

const formats: ReadonlyArray<ExportFormat> = [
  "arraybuffer",
  "csv",
  "geojson",
  "gpkg",
  "kml",
  "shp",
  "spatialite",
  "svg",
  "topojson"
]

const exported = (options: ExportOptions, statement = sql`SELECT 1`) =>
  Sql.use((db) => db.export(statement, options)).pipe(
    Effect.flatMap(({ bytes, ...file }) => Effect.as(Stream.runDrain(bytes), file))
  )

const failure = (options: ExportOptions, response: Response): Effect.Effect<CartoError> =>
  Effect.flip(exported(options)).pipe(provideScript(scriptedFetch(response)), Effect.orDie)

const refused = (message: string) => json({ error: [message] }, 400)

/** GeoJSON as the server sends it, which may end with an error. */
const collection = (features: number, error?: string) => {
  const list = Array.from(
    { length: features },
    (_, n) =>
      `{"type":"Feature","geometry":{"type":"Point","coordinates":[${n},1]},"properties":{"n":${n},"t":"]},{\\"","deep":[{"a":[{}]}]}}`
  )
  const end = error === undefined ? "" : `,"error":[${JSON.stringify(error)}]`
  return `{"type": "FeatureCollection", "features": [${list.join(",")}]${end}}`
}

const inChunks = (text: string, size: number): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => {
        const bytes = new TextEncoder().encode(text)
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
        controller.close()
      }
    }),
    { headers: { "content-type": "application/json; charset=utf-8" } }
  )

describe("the request of an export", () => {
  for (const format of formats) {
    it.effect(`${format} is asked for by its name, with a statement that can stand in parentheses`, () => {
      const script = scriptedFetch(new Response("x"))
      return Effect.gen(function* () {
        const statements = [sql`SELECT 1 -- one`, sql`SELECT 1;`, sql`SELECT 1; -- one;\n /* two */ `]
        for (const statement of statements) yield* exported({ format, filename: "a b", dp: 3 }, statement)
        for (const { body } of script.asked) {
          assert.deepStrictEqual(
            [...new URLSearchParams(body)],
            [
              ["q", "SELECT 1"],
              ["format", format],
              ["dp", "3"],
              ["filename", "a b"]
            ]
          )
        }
        assert.strictEqual(script.asked.length, 3)
      }).pipe(provideScript(script))
    })
  }

  it.effect("the same goes for paging and ordering a query, and any other query is sent as it is", () => {
    const script = scriptedFetch(json({ rows: [], time: 1, fields: {}, total_rows: 0 }))
    return Effect.gen(function* () {
      const db = yield* Sql
      yield* db.query(sql`SELECT 1; -- one`, { page: 0, rowsPerPage: 1 })
      yield* db.query(sql`SELECT 1; -- one`, { orderBy: "a" })
      yield* db.query(sql`SELECT 1; -- one`)
      assert.deepStrictEqual(
        script.asked.map(({ body }) => new URLSearchParams(body).get("q")),
        ["SELECT 1", "SELECT 1", "SELECT 1; -- one"]
      )
    }).pipe(provideScript(script))
  })

  for (const [name, options, field] of [
    ["no options", undefined, "format"],
    ["an unknown format", { format: "xlsx" }, "format"],
    ["the name of a property of objects", { format: "constructor" }, "format"],
    ["a fraction of decimals", { format: "geojson", dp: 0.5 }, "dp"],
    ["a blank file name", { format: "csv", filename: " " }, "filename"],
    ["a file name that is a number", { format: "csv", filename: 1 }, "filename"],
    ["a timeout that is no duration", { format: "csv", timeout: "10 minuts" }, "timeout"],
    ["a timeout of nothing", { format: "csv", timeout: 0 }, "timeout"],
    ["geojson without its geometry", { format: "geojson", skipFields: ["a", "the_geom"] }, "skipFields"],
    ["topojson without its geometry", { format: "topojson", skipFields: ["the_geom"] }, "skipFields"],
    ["svg without its geometry", { format: "svg", skipFields: ["the_geom"] }, "skipFields"],
    ["one column that is no list", { format: "csv", skipFields: "the_geom" }, "skipFields"]
  ] as const) {
    it.effect(`${name}: the export is refused before the request`, () => {
      const script = scriptedFetch(new Error("asked"))
      return Effect.gen(function* () {
        const error: CartoError = yield* Effect.flip(exported(options as never))
        assert.deepInclude(error.reason, { _tag: "InvalidInput", field })
        assert.strictEqual(script.asked.length, 0)
      }).pipe(provideScript(script))
    })
  }

  it.effect("a csv may leave the geometry out", () =>
    exported({ format: "csv", skipFields: ["the_geom"] }).pipe(provideScript(scriptedFetch(new Response("x"))))
  )
})

describe("the timeout of an export", () => {
  const silent: typeof globalThis.fetch = (_, init) =>
    new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))))
  const script = { fetch: silent, asked: [] }

  for (const [name, options, transport, after] of [
    ["its own", { timeout: "2 seconds" }, {}, 2],
    ["that of the account's layer", {}, { timeout: "3 seconds" }, 3],
    ["5 minutes", {}, {}, 300]
  ] as const) {
    it.effect(`a response that does not begin fails the export after ${name}`, () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.flip(exported({ format: "topojson", ...options })))
        yield* TestClock.adjust((after - 1) * 1000)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1000)
        const error: CartoError = yield* Fiber.join(fiber)
        assert.strictEqual(error.reason._tag, "DeadlineExceeded")
        assert.include(error.message, `${after} s`)
      }).pipe(Effect.provide(layerScripted(script, transport)))
    )
  }
})

describe("the response of an export", () => {
  it.effect("the file has the name and the type that the server gives, or else those of its format", () =>
    Effect.gen(function* () {
      const given = new Response("x", {
        headers: { "content-disposition": "attachment; filename=a.zip; x=1", "content-type": "application/zip" }
      })
      const bare = new Response("x", { headers: { "content-type": "undefined" } })
      const file = (format: ExportFormat, response: Response) =>
        exported({ format }).pipe(provideScript(scriptedFetch(response)))
      assert.deepStrictEqual(yield* file("shp", given), { filename: "a.zip", contentType: "application/zip" })
      for (const [format, filename, contentType] of [
        ["shp", "cartodb-query.zip", "application/zip"],
        ["spatialite", "cartodb-query.sqlite", "application/x-sqlite3"],
        ["csv", "cartodb-query.csv", "text/csv"]
      ] as const) {
        assert.deepStrictEqual(yield* file(format, bare), { filename, contentType })
      }
    })
  )

  for (const size of [1, 7, 4096, 1_000_000]) {
    it.effect(`geojson that breaks off after 2,999 features fails with that number, in chunks of ${size} bytes`, () =>
      Effect.gen(function* () {
        const features = size === 1 ? 29 : 2999
        const error = yield* failure({ format: "geojson" }, inChunks(collection(features, "division by zero"), size))
        assert.strictEqual(error.message, `Sql.export: failed after ${features} rows: division by zero`)
        assert.isTrue(error.reason._tag === "PartialResult" && error.reason.failure._tag === "QueryFailed")
      })
    )
  }
  it.effect("the message of an error at the end of geojson may be long", () =>
    Effect.gen(function* () {
      const message = `invalid input syntax for type integer: "${'x\\"é'.repeat(10_000)}"`
      const error = yield* failure({ format: "geojson" }, inChunks(collection(1, message), 1000))
      assert.isTrue(error.reason._tag === "PartialResult" && error.reason.failure.message === message)
    })
  )
  it.effect("geojson whose values look like an error at the end is whole", () =>
    exported({ format: "geojson" }).pipe(
      provideScript(
        scriptedFetch(
          new Response(
            '{"type": "FeatureCollection", "features": [{"type":"Feature","geometry":null,"properties":{"a":[],"error":["x"]}}]}'
          )
        )
      )
    )
  )

  for (const [name, message, tag, description] of [
    [
      "with paths around it",
      "ogr2ogr command return code 1, Error: Warning 6: /tmp/sqlapi/x.csv is odd\nERROR 1: ERROR:  division by zero\nERROR 1: Terminating translation of /tmp/sqlapi/x.csv\n",
      "QueryFailed",
      "division by zero"
    ],
    [
      "with its detail and hint",
      'ogr2ogr command return code 1, Error: ERROR 1: ERROR:  column "a" does not exist\nLINE 1: SELECT a\nHINT:  Perhaps you meant "b".\n',
      "UndefinedColumn",
      'column "a" does not exist'
    ],
    [
      "about a permission",
      "ogr2ogr command return code 1, Error: ERROR 1: ERROR:  permission denied for table secrets\n",
      "PermissionDenied",
      "permission denied for table secrets"
    ],
    [
      "about a timeout",
      "ogr2ogr command return code 1, Error: ERROR 1: ERROR:  canceling statement due to statement timeout\n",
      "StatementTimeout",
      "canceling statement due to statement timeout"
    ],
    [
      "that is the program's own",
      "ogr2ogr command return code 1, Error: ERROR 1: Unable to open PG:host=10.0.0.1 password=secret /var/lib/x as a source\n",
      "QueryFailed",
      "Unable to open … … … as a source"
    ],
    [
      "without a reason",
      "ogr2ogr command return code 2, Error: /usr/bin/x",
      "QueryFailed",
      "the server could not make the file"
    ]
  ] as const) {
    it.effect(`the failure of the server's export program ${name} has PostgreSQL's error and no paths`, () =>
      Effect.gen(function* () {
        const { reason } = yield* failure({ format: "csv" }, refused(message))
        assert.strictEqual(reason._tag, tag)
        assert.strictEqual("description" in reason && reason.description, description)
        assert.notMatch(reason.message, /\/|secret$|10\.0/)
      })
    )
  }
})

describe("GeoJson.query", () => {
  const features = (text: string) => GeoJson.query(sql`SELECT 1`).pipe(provideScript(scriptedFetch(new Response(text))))
  const oneOf = (geometry: string) =>
    `{"type": "FeatureCollection", "features": [{"type":"Feature","geometry":${geometry},"properties":{"text":"NaN \\" Infinity","n":null}}]}`

  for (const [name, geometry, coordinates] of [
    ["a point that is not a number", '{"type":"Point","coordinates":[NaN,NaN]}', [Number.NaN, Number.NaN]],
    ["an infinite point", '{"type":"Point","coordinates":[-Infinity,Infinity]}', [-Infinity, Infinity]],
    ["an empty point", '{"type":"Point","coordinates":[]}', []],
    ["an empty point among points", '{"type":"MultiPoint","coordinates":[[0,0],[]]}', [[0, 0], []]],
    [
      "an empty polygon among polygons",
      '{"type":"MultiPolygon","coordinates":[[],[[[0,0],[1,NaN]]]]}',
      [
        [],
        [
          [
            [0, 0],
            [1, Number.NaN]
          ]
        ]
      ]
    ]
  ] as const) {
    it.effect(`a result with ${name} can be read`, () =>
      Effect.gen(function* () {
        const [feature] = (yield* features(oneOf(geometry))).features
        assert.deepStrictEqual(
          feature?.geometry && "coordinates" in feature.geometry && feature.geometry.coordinates,
          coordinates
        )
        assert.deepStrictEqual(feature?.properties, { text: 'NaN " Infinity', n: null })
      })
    )
  }
  it.effect("a collection of such geometries can be read", () =>
    Effect.gen(function* () {
      const geometry = '{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[NaN,1]}]}'
      const [feature] = (yield* features(oneOf(geometry))).features
      assert.deepStrictEqual(feature?.geometry, {
        type: "GeometryCollection",
        geometries: [{ type: "Point", coordinates: [Number.NaN, 1] }]
      })
    })
  )
  it.effect("a result that breaks off fails with the features before the error", () =>
    Effect.gen(function* () {
      const error: CartoError = yield* Effect.flip(features(collection(2999, "division by zero")))
      assert.strictEqual(error.message, "GeoJson.query: failed after 2999 rows: division by zero")
      assert.isTrue(error.reason._tag === "PartialResult" && error.reason.rows.length === 2999)
    })
  )
  it.effect("a timeout that is no duration and the geometry left out are refused before the request", () => {
    const script = scriptedFetch(new Error("asked"))
    return Effect.gen(function* () {
      for (const [options, field] of [
        [{ timeout: "1 minut" }, "timeout"],
        [{ timeout: -1 }, "timeout"],
        [{ timeout: Number.NaN }, "timeout"],
        [{ skipFields: ["the_geom"] }, "skipFields"]
      ] as const) {
        const error: CartoError = yield* Effect.flip(GeoJson.query(sql`SELECT 1`, options as never))
        assert.deepInclude(error.reason, { _tag: "InvalidInput", field })
        assert.strictEqual(error.operation, "GeoJson.query")
      }
      assert.strictEqual(script.asked.length, 0)
    }).pipe(provideScript(script))
  })
})

layer(layerEmbedded({ postgis: true }), { timeout: "60 seconds" })("exports of the embedded CARTO", (it) => {
  it.effect("comments at the end, semicolons, broken results and geometries of every kind", () =>
    Effect.gen(function* () {
      const db = yield* Sql
      const csv = yield* db.export(sql`SELECT 1 AS a, 2 AS b; -- the end`, { format: "csv" })
      assert.strictEqual(yield* Stream.mkString(Stream.decodeText(csv.bytes)), "a,b\r\n1,2\r\n")
      const paged = yield* db.query(sql`SELECT i FROM generate_series(1, 5) AS i -- the end`, {
        page: 1,
        rowsPerPage: 2
      })
      assert.deepStrictEqual(paged.rows, [{ i: 3 }, { i: 4 }])
      const odd = yield* GeoJson.query(sql`SELECT ST_GeomFromText(wkt, 4326) AS the_geom, wkt
        FROM unnest(ARRAY['POINT(NaN NaN)', 'MULTIPOINT((0 0),EMPTY)', 'POINT EMPTY', 'POINT(1 2)']) AS wkt; -- the end`)
      assert.deepStrictEqual(
        odd.features.map(({ geometry }) => geometry && "coordinates" in geometry && geometry.coordinates),
        [[Number.NaN, Number.NaN], [[0, 0], []], [], [1, 2]]
      )
      const broken = sql`SELECT ST_MakePoint(i, 1) AS the_geom, 1 / (3000 - i) AS v FROM generate_series(1, 4000) AS i`
      const error: CartoError = yield* Effect.flip(GeoJson.query(broken))
      assert.strictEqual(error.message, "GeoJson.query: failed after 2999 rows: division by zero")
      const late: CartoError = yield* Effect.flip(
        db.export(sql`SELECT 1 / (3 - i) AS v, 1 AS b FROM generate_series(1, 5) AS i`, { format: "csv" })
      )
      assert.strictEqual(late.message, "Sql.export: division by zero")
    })
  )
})
