/** The guide's story in both forms, and that README.md shows what runs here. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { readFileSync } from "node:fs"
import { reveal } from "../../src/promise.ts"
import { TestServer } from "../../src/testing.ts"
import * as WithEffect from "./effect.ts"
import * as WithPromises from "./promises.ts"

const expected = {
  rows: true,
  data: true,
  denied: "may not: tornadoes",
  changed: true,
  regular: ["tornadoes api key"],
  usa: 1
}

layer(TestServer.layer(), { timeout: "60 seconds" })("the guide", (it) => {
  it.effect("in Effect", () =>
    Effect.gen(function* () {
      const server = yield* TestServer
      const { baseUrl, fetch, masterKey } = yield* server.account({ samples: true })
      const outcome = yield* WithEffect.guide.pipe(
        Effect.provide(WithEffect.account(baseUrl, reveal(masterKey))),
        Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch))))
      )
      assert.deepStrictEqual(outcome, expected)
    })
  )

  it.effect("in promises", () =>
    Effect.gen(function* () {
      const server = yield* TestServer
      const { baseUrl, fetch, masterKey } = yield* server.account({ samples: true })
      const outcome = yield* Effect.promise(() => WithPromises.guide(baseUrl, reveal(masterKey), fetch))
      assert.deepStrictEqual(outcome, expected)
    })
  )
})

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")
const lines = (path: string): ReadonlyArray<string> =>
  read(path)
    .split("\n")
    .map((line) => line.trim())

/** The code of the table's three columns, row by row. */
const table = (markdown: string): ReadonlyArray<ReadonlyArray<string>> => {
  const [, after = ""] = markdown.split(/^\| the guide, in Python +\| .*$\n/m)
  const [rows = ""] = after.split("\n\n")
  return rows
    .split("\n")
    .slice(1)
    .map((row) => [...row.matchAll(/(`+) ?(.+?) ?\1(?!`)/g)].map(([, , code = ""]) => code))
}

layer(Layer.empty)("README.md", (it) => {
  it("has lines of the guide that are run here", () => {
    const rows = table(read("../../README.md"))
    assert.isAtLeast(rows.length, 9)
    const effect = lines("effect.ts")
    const promises = lines("promises.ts")
    for (const [, one = "", other = ""] of rows) {
      assert.include(effect, one)
      assert.include(promises, other)
    }
  })
})
