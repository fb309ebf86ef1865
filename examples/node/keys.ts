/**
 * Makes an account's API keys what a file says: shows what would change, and with --apply does it. Tokens of new keys are
 * written to a folder, a file for each name, which only its owner can read.
 *
 *     CARTO_BASE_URL=https://YOUR-NAME.carto.com CARTO_API_KEY=… node keys.ts keys.jsonc [--apply TOKENS]
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Redacted } from "effect"
import type { ApiKey } from "effect-carto"
import * as DesiredKeys from "effect-carto/keys/DesiredKeys"
import * as Plan from "effect-carto/keys/Plan"
import * as Rotation from "effect-carto/keys/Rotation"
import * as Carto from "effect-carto/runtime/node"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { apply: { type: "string" }, grace: { type: "string", default: "60" } }
})
const [file = "keys.jsonc"] = positionals

/** Whoever reads a token finds the old one or the new one, and never half of one. */
const writeToken = (folder: string) => (key: ApiKey) =>
  Effect.promise(async () => {
    const path = join(folder, encodeURIComponent(Rotation.baseName(key.name)))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(`${path}.new`, Redacted.value(key.token), { mode: 0o600 })
    await rename(`${path}.new`, path)
  })

const program = Effect.gen(function* () {
  const text = yield* Effect.promise(() => readFile(file, "utf8"))
  const plan = yield* Plan.plan(yield* DesiredKeys.fromJsonc(text))
  yield* Console.log(Plan.toText(plan, { colors: process.stdout.isTTY && process.env["NO_COLOR"] === undefined }))
  if (values.apply === undefined) return
  const { items } = yield* Plan.apply(plan, {
    publish: writeToken(values.apply),
    grace: `${Number(values.grace)} seconds`
  })
  yield* Console.log(`Applied: ${items.length} of ${plan.items.length} keys changed.`)
}).pipe(
  Effect.catchTag("CartoError", ({ message }) =>
    Effect.andThen(
      Console.error(message),
      Effect.sync(() => void (process.exitCode = 1))
    )
  ),
  Effect.provide(Carto.layerConfig())
)

NodeRuntime.runMain(program)
