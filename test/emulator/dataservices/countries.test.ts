import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fromFeatures, normalize, read } from "../../../src/emulator/dataservices/countries.ts"
import { multiPolygon } from "../../../src/emulator/dataservices/ewkb.ts"
import { countryCodes } from "../../../src/emulator/dataservices/isoCountries.ts"
import { countries, type Ring } from "../../../src/emulator/dataservices/topoJson.ts"

const topology = JSON.stringify({
  type: "Topology",
  transform: { scale: [0.5, 2], translate: [10, 20] },
  arcs: [
    [
      [0, 0],
      [2, 0],
      [0, 1]
    ],
    [
      [0, 0],
      [0, 1],
      [2, 0]
    ]
  ],
  objects: {
    countries: {
      type: "GeometryCollection",
      geometries: [
        { type: "Polygon", arcs: [[0, -2]], id: "724", properties: { name: "Spain" } },
        { type: "MultiPolygon", arcs: [[[1, -1]], [[0, -2]]], properties: { name: "Nowhere" } }
      ]
    }
  }
})

describe("TopoJson", () => {
  it.effect("countries joins the arcs of TopoJSON, also reversed ones", () =>
    Effect.gen(function* () {
      const [spain, nowhere] = yield* countries(topology)
      const ring: Ring = [
        [10, 20],
        [11, 20],
        [11, 22],
        [10, 22],
        [10, 20]
      ]
      assert.deepEqual(spain, { id: "724", name: "Spain", polygons: [[ring]] })
      assert.deepEqual(nowhere?.polygons, [[ring.toReversed()], [ring]])
      assert.isUndefined(nowhere?.id)
    })
  )
  it.effect("countries refuses JSON that is not an atlas", () => Effect.flip(countries('{"arcs":[]}')))
})

describe("Ewkb", () => {
  it("multiPolygon writes EWKB with its SRID", () => {
    assert.strictEqual(
      multiPolygon(
        [
          [
            [
              [0, 0],
              [0, 1],
              [1, 1],
              [0, 0]
            ]
          ]
        ],
        4326
      ),
      "0106000020E610000001000000" +
        "01030000000100000004000000" +
        "00000000000000000000000000000000" +
        "0000000000000000000000000000F03F" +
        "000000000000F03F000000000000F03F" +
        "00000000000000000000000000000000"
    )
  })
})

const ringOf = (points: number): Ring => Array.from({ length: points }, (_, at) => [at, at])

describe("Countries", () => {
  it("countryCodes has every code once", () => {
    const codes = [...countryCodes.values()]
    assert.strictEqual(countryCodes.size, 249)
    assert.strictEqual(new Set(codes.map(({ alpha2 }) => alpha2)).size, 249)
    assert.strictEqual(new Set(codes.map(({ alpha3 }) => alpha3)).size, 249)
    for (const [numeric, { alpha2 }] of countryCodes) {
      assert.deepEqual(Intl.getCanonicalLocales(`und-${numeric}`), [`und-${alpha2}`])
    }
  })
  it("normalize ignores case, accents and punctuation", () => {
    for (const name of ["Côte d'Ivoire", "cote d ivoire", "COTE-D’IVOIRE"]) {
      assert.strictEqual(normalize(name), "cotedivoire")
    }
  })
  it("the larger of two features with one code gets its names", () => {
    const [first, second] = fromFeatures([
      { id: "036", name: "Reef", polygons: [[ringOf(4)]] },
      { id: "036", name: "Australia", polygons: [[ringOf(5)]] }
    ])
    assert.includeMembers([...(first?.names ?? [])], ["au", "aus", "australia", "australien"])
    assert.deepEqual(second?.names, ["reef"])
  })
  it.effect("countries are found by codes, names and synonyms", () =>
    Effect.gen(function* () {
      const all = yield* read
      const find = (name: string) => all.filter(({ names }) => names.includes(normalize(name)))
      for (const names of [
        ["USA", "US", "United States", "United States of America", "Estados Unidos", "États-Unis"],
        ["GBR", "GB", "UK", "Great Britain", "United Kingdom"],
        ["KOR", "South Korea", "Republic of Korea"],
        ["PRK", "North Korea"],
        ["COD", "Democratic Republic of the Congo"],
        ["COG", "Congo Republic"],
        ["BIH", "Bosnia and Herzegovina"],
        ["CZE", "Czech Republic", "Czechia"]
      ]) {
        const found = names.map((name) => find(name))
        assert.deepEqual(
          found.map(({ length }) => length),
          names.map(() => 1),
          names.join()
        )
        assert.strictEqual(new Set(found.flat()).size, 1, names.join())
      }
      assert.notStrictEqual(find("KOR")[0], find("PRK")[0])
      assert.notStrictEqual(find("COD")[0], find("COG")[0])
      assert.deepEqual(find("Atlantis"), [])
    })
  )
})
