import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { make } from "../../src/emulator/index.ts"

it.live(
  "a restart restores the password and settings of a role that was changed",
  () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-"))),
        (path) => Effect.promise(() => rm(path, { recursive: true }))
      )
      const start = make({ postgis: false, folder, accounts: [{ username: "demo" }] })
      yield* Effect.scoped(
        Effect.flatMap(start, ({ execute }) =>
          execute("demo", "ALTER ROLE CURRENT_USER PASSWORD 'x'; ALTER ROLE CURRENT_USER SET search_path = nowhere")
        )
      )
      const [row] = yield* Effect.scoped(
        Effect.flatMap(start, ({ execute }) => execute("demo", "SELECT current_setting('search_path') AS path"))
      )
      assert.strictEqual(row?.["path"], "public, cartodb, cdb_dataservices_client, public")
    }).pipe(Effect.scoped),
  120_000
)
