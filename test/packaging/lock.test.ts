/** `package-lock.json`: `npm ci` accepts it and `npm install` does not change it, on every platform, with npm 10 and 11. */
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"

const Lock = Schema.fromJsonString(
  Schema.Struct({
    packages: Schema.Record(
      Schema.String,
      Schema.Struct({
        resolved: Schema.optionalKey(Schema.String),
        libc: Schema.optionalKey(Schema.Array(Schema.String)),
        optionalDependencies: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
      })
    )
  })
)

const { packages } = Schema.decodeUnknownSync(Lock)(
  readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")
)

/** Whether the lock has a package in a folder where Node looks for it from another package. */
const isLocked = (name: string, from: string): boolean => {
  if (`${from === "" ? "" : `${from}/`}node_modules/${name}` in packages) return true
  if (from === "") return false
  return isLocked(name, from.slice(0, Math.max(0, from.lastIndexOf("node_modules/") - 1)))
}

const foldersWith = (field: "resolved" | "libc"): ReadonlyArray<string> =>
  Object.keys(packages).filter((folder) => packages[folder]?.[field] !== undefined)

describe("package-lock.json", () => {
  it("holds the optional packages of every platform", () => {
    const missing = Object.entries(packages).flatMap(([folder, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(name, folder))
    )
    assert.deepStrictEqual(missing, [])
  })

  it("names no registry, since the registry is a setting of each machine", () => {
    assert.deepStrictEqual(foldersWith("resolved"), [])
  })

  it("has no libc fields, since npm 10 removes them", () => {
    assert.deepStrictEqual(foldersWith("libc"), [])
  })
})
