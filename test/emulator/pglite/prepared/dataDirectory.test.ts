import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as DataDirectory from "../../../../src/emulator/pglite/prepared/dataDirectory.ts"
import { packages } from "../../../../src/emulator/pglite/packages.ts"

it.effect("a data directory of other versions or without PostGIS has another file name", () =>
  Effect.gen(function* () {
    const plain = yield* packages(false)
    const geo = yield* packages(true)
    const names = [plain, geo, { ...plain, versions: ["@electric-sql/pglite 0.0.0"] }].map(DataDirectory.fileName)
    assert.strictEqual(new Set(names).size, 3)
    assert.strictEqual(DataDirectory.fileName(yield* packages(false)), names[0])
  })
)

it.live(
  "a data directory is prepared once in the user's cache folder for concurrent starts",
  () =>
    Effect.gen(function* () {
      const cache = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-"))),
        (path) => Effect.promise(() => rm(path, { recursive: true }))
      )
      const starts = Array.from({ length: 2 }, () =>
        spawn(process.execPath, [fileURLToPath(new URL("start.ts", import.meta.url))], {
          env: { ...process.env, XDG_CACHE_HOME: cache }
        })
      )
      const errors = starts.map((child) => {
        let text = ""
        child.stderr.setEncoding("utf8").on("data", (piece: string) => (text += piece))
        return once(child, "close").then(([code]) => ({ code: Number(code), text }))
      })
      const ended = yield* Effect.promise(() => Promise.all(errors))
      assert.deepStrictEqual(
        ended.map(({ code }) => code),
        [0, 0],
        ended.map(({ text }) => text).join("\n")
      )
      const said = ended.map(({ text }) => text).join("")
      assert.match(said, /^effect-carto: prepares PostgreSQL for the embedded CARTO in .*\/effect-carto, once; .*\n$/)
      const installed = yield* packages(false)
      const kept = yield* Effect.promise(() => readdir(join(cache, "effect-carto")))
      assert.deepStrictEqual(kept.toSorted(), [DataDirectory.fileName(installed), "preparing"].toSorted())
    }),
  120_000
)
