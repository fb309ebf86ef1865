/** `effect-carto copy`, through the bundled file as a child process. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import { gunzipSync, gzipSync } from "node:zlib"
import { Cli } from "./Cli.ts"

layer(Cli.layer, { excludeTestServices: true, timeout: "120 seconds" })("effect-carto copy", (it) => {
  it.effect("from CSV maps the header row to columns and infers the types of a new table", () =>
    Effect.gen(function* () {
      const { home, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const file = join(home, "places.csv.gz")
      yield* files.writeFile(
        file,
        gzipSync('id,"odd ""name",when,open,share\n1,"a,\nb",2026-01-02,true,1.5\n2,,2026-02-03,false,\n')
      )
      const { rows } = JSON.parse(yield* succeed(["copy", "from", file, "places", "--create-table", "-o", "json"]))
      assert.strictEqual(rows, 2)
      const types = yield* succeed([
        "sql",
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'places'::regclass AND attnum > 0",
        "-o",
        "csv"
      ])
      assert.strictEqual(
        types,
        'attname,type\nid,bigint\n"odd ""name",text\nwhen,date\nopen,boolean\nshare,double precision\n'
      )
      assert.strictEqual(
        yield* succeed(["sql", "SELECT id, share FROM places ORDER BY id", "-o", "csv"]),
        "id,share\n1,1.5\n2,\n"
      )
      // the columns of the file in another order, into the table that is there
      yield* succeed(["copy", "from", "-", "public.places", "--format", "csv"], { stdin: "share,id\n2.5,3\n" })
      assert.strictEqual(yield* succeed(["sql", "SELECT share FROM places WHERE id = 3", "-o", "csv"]), "share\n2.5\n")
    })
  )

  it.effect("from NDJSON and GeoJSON copies records, geometries among them", () =>
    Effect.gen(function* () {
      const { home, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const lines = join(home, "rows.ndjson")
      yield* files.writeFileString(lines, '{"a":1,"tags":["x","y"]}\n\n{"a":2,"tags":null}\n')
      yield* succeed(["copy", "from", lines, "rows", "--create-table"])
      assert.strictEqual(
        yield* succeed(["sql", "SELECT a, tags->>1 AS y FROM rows ORDER BY a", "-o", "csv"]),
        "a,y\n1,y\n2,\n"
      )
      const file = join(home, "points.geojson")
      const feature = (x: number) => ({
        type: "Feature",
        properties: { name: `p${x} "{[" features`, n: x },
        geometry: { type: "Point", coordinates: [x, 1] }
      })
      yield* files.writeFileString(
        file,
        JSON.stringify({ type: "FeatureCollection", name: "x", features: [feature(1), feature(2)] }, undefined, 1)
      )
      yield* succeed(["copy", "from", file, "points", "--create-table"])
      assert.strictEqual(
        yield* succeed([
          "sql",
          "SELECT n, st_astext(the_geom) AS geom, st_srid(the_geom) AS srid FROM points ORDER BY n",
          "-o",
          "csv"
        ]),
        "n,geom,srid\n1,POINT(1 1),4326\n2,POINT(2 1),4326\n"
      )
    })
  )

  it.effect("from leaves no table behind when the copy fails, and says where the file is wrong", () =>
    Effect.gen(function* () {
      const { run, succeed } = yield* Cli
      const cut = yield* run(["copy", "from", "-", "cut", "--format", "geojson", "--create-table"], {
        stdin: '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},"geometry":null}'
      })
      assert.strictEqual(cut.exitCode, 1)
      assert.include(cut.stderr, "not a whole GeoJSON FeatureCollection")
      const late = Array.from({ length: 1001 }, (_, n) => (n < 1000 ? '{"a":1}' : '{"b":1}')).join("\n")
      const unknown = yield* run(["copy", "from", "-", "late", "--format", "ndjson", "--create-table"], { stdin: late })
      assert.strictEqual(unknown.exitCode, 1)
      assert.include(unknown.stderr, 'record 1001 has "b"')
      assert.strictEqual(
        yield* succeed(["sql", "SELECT to_regclass('cut') AS cut, to_regclass('late') AS late", "-o", "csv"]),
        "cut,late\n,\n"
      )
      const unnamed = yield* run(["copy", "from", "-", "x"], { stdin: "" })
      assert.strictEqual(unnamed.exitCode, 2)
    })
  )

  it.effect("to writes tables and queries in each format, and leaves no file of a copy that fails", () =>
    Effect.gen(function* () {
      const { home, run, succeed } = yield* Cli
      const files = yield* FileSystem.FileSystem
      const file = join(home, "t.csv.gz")
      yield* succeed(["copy", "to", "public.tornadoes", file])
      const text = gunzipSync(yield* files.readFile(file)).toString()
      assert.match(text, /^cartodb_id,/)
      assert.strictEqual(text.trimEnd().split("\n").length, 401)
      const query = "SELECT 1 AS a, NULL AS b, E'x\\ty' AS c"
      assert.strictEqual(yield* succeed(["copy", "to", query, "-"]), "a,b,c\n1,,x\ty\n")
      assert.strictEqual(yield* succeed(["copy", "to", query, "-", "--format", "tsv", "--no-header"]), '1\t\t"x\ty"\n')
      assert.strictEqual(yield* succeed(["copy", "to", query, "-", "--format", "text"]), "1\t\\N\tx\\ty\n")
      assert.strictEqual(
        yield* succeed(["copy", "to", query, "-", "--format", "ndjson"]),
        '{"a":1,"b":null,"c":"x\\ty"}\n'
      )
      const failing = yield* run([
        "copy",
        "to",
        "SELECT 1 / (i - 2000) FROM generate_series(1, 3000) i",
        join(home, "broken.csv")
      ])
      assert.strictEqual(failing.exitCode, 1)
      assert.include(failing.stderr, "division by zero")
      assert.deepStrictEqual(
        (yield* files.readDirectory(home)).filter((name) => name.startsWith("broken")),
        []
      )
    })
  )

  it.effect("to and from give back the same rows", () =>
    Effect.gen(function* () {
      const { home, succeed } = yield* Cli
      yield* succeed(["sql", "CREATE TABLE there AS SELECT * FROM tornadoes"])
      yield* succeed(["sql", "CREATE TABLE back AS SELECT * FROM tornadoes LIMIT 0"])
      const file = join(home, "there.tsv")
      yield* succeed(["copy", "to", "there", file])
      yield* succeed(["copy", "from", file, "back"])
      const difference = "(TABLE there EXCEPT TABLE back) UNION ALL (TABLE back EXCEPT TABLE there)"
      assert.strictEqual(
        yield* succeed(["sql", `SELECT count(*)::int AS n FROM (${difference}) d`, "-o", "csv"]),
        "n\n0\n"
      )
    })
  )
})
