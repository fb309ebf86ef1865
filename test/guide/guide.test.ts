/** The guide's story in both forms, and that README.md shows what runs here. */
import { assert, layer } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, type Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { existsSync, readFileSync } from "node:fs"
import { ApiKeyManager, Grants } from "../../src/index.ts"
import { reveal } from "../../src/promise/index.ts"
import { TestServer } from "../../src/testing/index.ts"
import { layerEmbedded } from "../support/embedded.ts"
import * as Keys from "./keys.ts"
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

/** Minutes pass at once. */
const withoutGrace = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const sleep = (duration: Duration.Duration) =>
      Duration.toMinutes(duration) > 5 ? Effect.void : clock.sleep(duration)
    return yield* Effect.provideService(effect, Clock.Clock, Object.assign(Object.create(clock), { sleep }))
  })

const twoKeys = Effect.gen(function* () {
  const keys = yield* ApiKeyManager
  const tornadoes = Grants.table("tornadoes", ["select"])
  yield* keys.create({ name: "maps-old", apis: ["sql"], tables: [tornadoes] })
  yield* keys.create({ name: "maps-import", apis: ["sql"], tables: [tornadoes] })
})

layer(layerEmbedded({ postgis: false, accounts: [{ username: "demo", samples: true }] }), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("the life of a key, as README.md tells it", (it) => {
  it.effect("leases and their pool", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Keys.leases, [3, 0, 3])
    })
  )

  it.effect("a rotation", () =>
    Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) =>
        keys.create({ name: "tiles", tables: [Grants.table("tornadoes", ["select"])] })
      )
      const vault = new Map<string, Redacted.Redacted>()
      assert.strictEqual(yield* Keys.rotation(vault).pipe(withoutGrace), "tiles~2")
      assert.isTrue(vault.has("tiles"))
      yield* ApiKeyManager.use((keys) => keys.delete("tiles~2"))
    })
  )

  it.effect("a plan", () =>
    Effect.gen(function* () {
      yield* twoKeys
      const vault = new Map<string, Redacted.Redacted>()
      const desired = block("jsonc", '"prefix": "maps-"')
      assert.strictEqual(yield* Keys.plans(desired, vault).pipe(withoutGrace), block("", "Plan: "))
      assert.strictEqual(vault.size, 2)
      const keys = yield* ApiKeyManager
      yield* Effect.forEach(yield* keys.list({ type: "regular" }), (key) => keys.delete(key))
    })
  )

  it.effect("least privilege, proof, audit and matrix", () =>
    Effect.gen(function* () {
      yield* ApiKeyManager.use((keys) =>
        keys.create({ name: "old", tables: [Grants.table("tornadoes", ["select", "update"])] })
      )
      const { findings, matrix, may, privileges, svg } = yield* Keys.review
      assert.isFalse(may)
      assert.match(svg, /^<svg /)
      assert.strictEqual(privileges, block("", "grant select on"))
      assert.strictEqual(findings, block("", "finding"))
      assert.strictEqual(matrix, block("", "creates in"))
      yield* ApiKeyManager.use((keys) => keys.delete("old"))
    })
  )
})

const pages = [
  "README.md",
  "examples/README.md",
  ...["account", "emulator", "errors", "keys", "promise", "rate-limit", "sql", "testing"].map(
    (room) => `src/${room}/README.md`
  )
]

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

const documents = pages.map((page) => read(`../../${page}`)).join("\n")

/** What stands in the block of the guides that holds some words. */
const block = (language: string, words: string): string => {
  const blocks = [...documents.matchAll(/^```(\w*)\n([^]*?)\n```$/gm)]
  const found = blocks.find(([, is, text = ""]) => is === language && text.includes(words))
  return found?.[2] ?? ""
}

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

/** Lines of code in a guide, without comments at their ends. */
const told = (page: string): ReadonlyArray<string> => {
  const text = read(`../../${page}`)
  const code = [...text.matchAll(/^```ts\n([^]*?)^```/gm)].flatMap(([, lines = ""]) => lines.split("\n"))
  return code.map((line) => line.replace(/ +\/\/ .*$/, "").trim()).filter((line) => line !== "")
}

layer(Layer.empty)("README.md", (it) => {
  it("names modules, commands and files that there are", () => {
    const { exports, scripts }: { readonly exports: object; readonly scripts: object } = JSON.parse(
      read("../../package.json")
    )
    const found = (pattern: RegExp) => [...documents.matchAll(pattern)].map(([, name = ""]) => name)
    const modules = found(/(?<![@/\w])effect-carto\/([A-Za-z/-]*\w)(?![\w/-])/g)
    const commands = found(/npm run ([a-z]+)/g)
    assert.isAbove(Math.min(modules.length, commands.length), 5)
    for (const name of modules) assert.property(exports, `./${name}`)
    for (const name of commands) assert.property(scripts, name)
    for (const page of pages) {
      for (const [, file = ""] of read(`../../${page}`).matchAll(/\]\((?!https:|#)([^)#]+)/g)) {
        assert.isTrue(existsSync(new URL(file, new URL(`../../${page}`, import.meta.url))), `${page}: ${file}`)
      }
    }
  })

  it("has lines of the life of a key that are run here", () => {
    const code = told("src/keys/README.md")
    assert.isAbove(code.length, 20)
    for (const line of code) assert.include(lines("keys.ts"), line)
  })

  it("has lines of the guide that are run here", () => {
    const rows = table(documents)
    assert.isAtLeast(rows.length, 9)
    const effect = lines("effect.ts")
    const promises = lines("promises.ts")
    for (const [, one = "", other = ""] of rows) {
      assert.include(effect, one)
      assert.include(promises, other)
    }
  })
})
