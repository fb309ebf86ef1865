/** Countries by their common names, and their borders (Natural Earth, from the package `world-atlas`). */
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import * as Effect from "effect/Effect"
import { multiPolygon } from "./ewkb.ts"
import { countryCodes } from "./isoCountries.ts"
import { countries, type Feature } from "./topoJson.ts"

/** A country. */
export interface Country {
  /** The normalized names of the country. */
  readonly names: ReadonlyArray<string>
  /** The hexadecimal EWKB of a MULTIPOLYGON with SRID 4326. */
  readonly geometry: string
}

/** Removes case, accents and punctuation from a name, so that different spellings match. */
export const normalize = (name: string): string =>
  name
    .normalize("NFD")
    .toLowerCase()
    .replaceAll("&", "and")
    .replace(/[^a-z0-9]/g, "")

/** Other names of countries, by alpha-3 code. */
const synonyms: Readonly<Record<string, ReadonlyArray<string>>> = {
  ARE: ["UAE", "Emirates"],
  BIH: ["Bosnia"],
  BOL: ["Plurinational State of Bolivia"],
  CIV: ["Ivory Coast"],
  COD: ["Congo, Democratic Republic of the", "Democratic Republic of the Congo", "DRC", "Zaire"],
  COG: ["Republic of the Congo", "Congo Republic"],
  CPV: ["Cape Verde"],
  CZE: ["Czech Republic"],
  FLK: ["Malvinas"],
  GBR: ["UK", "Great Britain", "Britain", "England"],
  IRN: ["Islamic Republic of Iran", "Persia"],
  KOR: ["South Korea", "Republic of Korea", "Korea"],
  LAO: ["Lao People's Democratic Republic"],
  MDA: ["Republic of Moldova"],
  MKD: ["Macedonia", "North Macedonia"],
  MMR: ["Burma"],
  NLD: ["Holland", "The Netherlands"],
  PRK: ["North Korea", "Democratic People's Republic of Korea"],
  PSE: ["Palestine", "State of Palestine"],
  RUS: ["Russian Federation"],
  SWZ: ["Swaziland"],
  SYR: ["Syrian Arab Republic"],
  TUR: ["Turkey", "Türkiye"],
  TWN: ["Republic of China"],
  TZA: ["United Republic of Tanzania"],
  USA: ["United States of America", "U.S.A.", "U.S.", "America"],
  VAT: ["Holy See", "Vatican City"],
  VEN: ["Bolivarian Republic of Venezuela"],
  VNM: ["Viet Nam"]
}

const languages = ["en", "es", "fr", "de", "it", "pt"]

const namesOf = (feature: Feature, displayNames: ReadonlyArray<Intl.DisplayNames>): ReadonlyArray<string> => {
  const codes = countryCodes.get(feature.id ?? "")
  if (codes === undefined) return [feature.name]
  return [
    feature.name,
    codes.alpha2,
    codes.alpha3,
    ...(synonyms[codes.alpha3] ?? []),
    ...displayNames.map((names) => names.of(codes.alpha2) ?? codes.alpha2)
  ]
}

const points = ({ polygons }: Feature): number => polygons.flat().reduce((count, ring) => count + ring.length, 0)

/** The countries of features. If two features share a name or a code, the feature with more points gets it. */
export const fromFeatures = (features: ReadonlyArray<Feature>): ReadonlyArray<Country> => {
  const displayNames = languages.map((language) => new Intl.DisplayNames([language], { type: "region" }))
  const taken = new Set<string>()
  return features
    .toSorted((one, other) => points(other) - points(one))
    .map((feature) => {
      const names = [...new Set(namesOf(feature, displayNames).map(normalize))].filter((name) => !taken.has(name))
      for (const name of names) taken.add(name)
      return { names, geometry: multiPolygon(feature.polygons, 4326) }
    })
}

/** Reads the countries. The result is empty if `world-atlas` is not installed. */
export const read: Effect.Effect<ReadonlyArray<Country>> = Effect.tryPromise(() =>
  readFile(createRequire(import.meta.url).resolve("world-atlas/countries-50m.json"), "utf8")
).pipe(
  Effect.flatMap(countries),
  Effect.map(fromFeatures),
  Effect.orElseSucceed(() => [])
)
