/** The program of the guide of statements. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { layerEmbedded } from "../support/embedded.ts"
import { program } from "./statements.ts"

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

layer(layerEmbedded(), { timeout: "60 seconds" })("the guide of statements", (it) => {
  it.effect("the program of the guide runs and returns what its last comment says", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* program, [{ id: 1, more: { size: 3 } }])
    })
  )

  it("the guide shows the program that runs here", () =>
    assert.include(
      read("../../src/sql/README.md"),
      `\`\`\`ts\n${read("statements.ts").replace("../../src/index.ts", "effect-carto")}\`\`\``
    ))
})
