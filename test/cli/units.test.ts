/** Parts of the command line that need no account. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { features } from "../../src/cli/copy/records.ts"
import { inferColumns } from "../../src/cli/copy/inferColumns.ts"
import { exitCodeOf, exitCodes } from "../../src/cli/failure.ts"
import { parseName } from "../../src/cli/grants.ts"
import { complete } from "../../src/cli/shell/complete.ts"
import { markError } from "../../src/cli/shell/markError.ts"
import { placeholders, splitStatements } from "../../src/cli/statements.ts"
import { plain } from "../../src/cli/terminal/colors.ts"
import { csvLine } from "../../src/cli/terminal/present.ts"
import { bytesText, progressText } from "../../src/cli/terminal/progress.ts"
import { renderTable } from "../../src/cli/terminal/table.ts"
import { CartoError, MasterKeyRequired, RateLimited } from "../../src/index.ts"

describe("statements", () => {
  it("are cut at semicolons outside of quotes and comments", () => {
    const text = `SELECT ';' AS "a;b"; -- one; two\n/* three; */ SELECT $q$;$q$;;\nSELECT 3`
    assert.deepStrictEqual(splitStatements(text), {
      statements: [`SELECT ';' AS "a;b"`, "-- one; two\n/* three; */ SELECT $q$;$q$", "SELECT 3"],
      open: true,
      quoted: false
    })
    assert.deepStrictEqual(splitStatements(" -- nothing\n"), { statements: [], open: false, quoted: false })
    assert.isTrue(splitStatements("SELECT 'a").quoted)
    assert.isFalse(splitStatements("SELECT 'a'").quoted)
  })

  it("have places for parameters where a value can stand", () => {
    const names = (text: string) => placeholders(text).map(({ name }) => name)
    assert.deepStrictEqual(names("SELECT :a, $1, a::int, ':b', \":c\", x[1:2], a:=1 -- :d"), ["a", "1"])
    assert.deepStrictEqual(names("SELECT a$1, :größe"), ["größe"])
  })

  it("have their error marked where the message names a word that stands once", () => {
    assert.strictEqual(
      markError("SELECT 1\nFROM nope n", 'relation "nope" does not exist'),
      "LINE 2: FROM nope n\n             ^"
    )
    assert.isUndefined(markError("SELECT x, x", 'column "x" does not exist'))
    assert.isUndefined(markError("SELECT 1", "division by zero"))
  })
})

describe("names of tables", () => {
  it("are parsed with their quotes", () => {
    assert.deepStrictEqual(parseName('public."a.b""c"'), ["public", 'a.b"c'])
    assert.deepStrictEqual(parseName("a"), ["a"])
    for (const wrong of ["", "a.b.c", 'a"b', "a.", ".a"]) assert.isUndefined(parseName(wrong), wrong)
  })
})

describe("columns of a file", () => {
  it("get the narrowest type that every value has", () => {
    const types = (...values: ReadonlyArray<unknown>) =>
      inferColumns(
        ["c"],
        values.map((value) => [value])
      )[0]?.type
    assert.strictEqual(types("1", "", "-20"), "bigint")
    assert.strictEqual(types("1", "1.5", "1e3"), "double precision")
    // what a double would round, and zeros that a number would lose, stay text
    assert.strictEqual(types("0.1234567890123456789"), "text")
    assert.strictEqual(types("007"), "text")
    assert.strictEqual(types("true", "f"), "boolean")
    assert.strictEqual(types("2026-01-02"), "date")
    assert.strictEqual(types("2026-01-02", "2026-01-02T10:00:00Z"), "text")
    assert.strictEqual(types("2026-01-02 10:00:00+01"), "timestamptz")
    assert.strictEqual(types("", null), "text")
    assert.strictEqual(types("0101000020E61000007B14AE47E14A54C0EC51B81E85AB3A40"), "geometry(Geometry,4326)")
    assert.strictEqual(types("0101000020110F000041842A62033C61C1691E76611F844741"), "geometry(Geometry,3857)")
    assert.strictEqual(types({ a: 1 }, [1]), "jsonb")
    assert.strictEqual(types(1, 2.5), "double precision")
  })
})

describe("a FeatureCollection", () => {
  const read = (...chunks: ReadonlyArray<string>) =>
    Effect.runPromise(
      Stream.runCollect(features(Stream.fromIterable(chunks.map((chunk) => new TextEncoder().encode(chunk)))))
    )
  const text = JSON.stringify({
    bbox: [1, 2],
    type: "FeatureCollection",
    features: [
      { type: "Feature", properties: { a: '\\"}]{', b: { features: [{}] } }, geometry: { coordinates: [[1], [2]] } },
      { type: "Feature", properties: null, geometry: null }
    ],
    more: { features: [{ type: "Feature" }] }
  })

  it("is cut into its features wherever the chunks are cut", async () => {
    const whole = await read(text)
    assert.deepStrictEqual(whole, [
      { the_geom: { coordinates: [[1], [2]] }, a: '\\"}]{', b: { features: [{}] } },
      { the_geom: null }
    ])
    for (let at = 1; at < text.length; at += 1) {
      assert.deepStrictEqual(await read(text.slice(0, at), text.slice(at)), whole, String(at))
    }
    assert.deepStrictEqual(await read(...text), whole)
  })

  it("that is cut off is an error", async () => {
    for (const cut of [text.slice(0, 60), text.slice(0, -1), "", "[]", "{}"]) {
      let message = ""
      try {
        await read(cut)
      } catch (error) {
        message = String(error)
      }
      assert.include(message, "not a whole GeoJSON FeatureCollection", cut)
    }
  })
})

describe("output", () => {
  it("of CSV tells NULL from an empty text", () => {
    assert.strictEqual(csvLine([null, "", 'a"b', "x,y", 1, { a: 1 }]), ',"","a""b","x,y",1,"{""a"":1}"')
  })

  it("of tables escapes what drives a terminal", () => {
    const table = renderTable([{ name: "a\u202eb" }], [["\u001b[31m"], [undefined]], plain)
    assert.strictEqual(table, "a\\u{202e}b\n──────────\n\\u{1b}[31m\nNULL")
  })

  it("of progress has bytes, rows, rate and the time left", () => {
    assert.strictEqual(bytesText(1_530_000), "1.5 MB")
    assert.strictEqual(
      progressText(50e6, 100e6, 10_000, 7),
      `${"█".repeat(12)}${"░".repeat(12)}  50 %  50.0 MB  7 rows  5.0 MB/s  0:10 left`
    )
    assert.strictEqual(progressText(0, undefined, 0), "0 B  0 B/s")
  })

  it("of exit codes tells refusals and rate limits from other failures", () => {
    const code = (reason: RateLimited | MasterKeyRequired) => exitCodeOf(new CartoError({ operation: "x", reason }))
    assert.strictEqual(code(new RateLimited({})), exitCodes.rateLimited)
    assert.strictEqual(code(new MasterKeyRequired({ keyType: "regular" })), exitCodes.refused)
  })
})

describe("completion in the shell", () => {
  const names = { tables: ["tornadoes", "Odd name"], columns: ["state"], keys: ["reader"] }

  it("offers tables after FROM, keys after \\key, and commands after a backslash", () => {
    assert.deepStrictEqual(complete("select * from torn", names), [["tornadoes"], "torn"])
    assert.deepStrictEqual(complete("\\key re", names), [["reader"], "re"])
    assert.deepStrictEqual(complete("\\t", names), [["\\timing"], "\\t"])
    assert.deepStrictEqual(complete("select st", names), [["state"], "st"])
    assert.include(complete("sel", names)[0], "select")
  })
})
