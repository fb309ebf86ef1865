/** `npm run recording`: ten commands and what they print, as the picture `src/cli/recording.svg`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { bundleCli } from "../packaging/bundleCli.ts"
import { root, run } from "../runtimes/commands.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"

const commands = [
  "effect-carto whoami",
  "effect-carto keys create reader --table tornadoes:select --quiet",
  "effect-carto sql 'SELECT state, count(*) FROM tornadoes GROUP BY 1 ORDER BY 2 DESC LIMIT 3'",
  "effect-carto keys lease --table tornadoes:select -- effect-carto sql 'DELETE FROM tornadoes'",
  "effect-carto keys create loader --table nope:insert --dry-run",
  "effect-carto keys matrix",
  "effect-carto keys plan keys.jsonc",
  "effect-carto keys apply keys.jsonc --publish 'cat > token' --yes --output csv",
  "effect-carto copy to tornadoes tornadoes.csv.gz",
  "effect-carto copy from tornadoes.csv.gz copied --create-table --output jsonl"
]

const plan = `{ "prefix": "maps-", "keys": [{ "name": "maps-tiles", "apis": ["maps"], "tables": [{ "name": "tornadoes", "permissions": ["select"] }] }] }`

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const [lineHeight, charWidth, margin] = [18, 8.4, 16]

const svg = (lines: ReadonlyArray<{ readonly text: string; readonly typed: boolean }>): string => {
  const width = Math.ceil(Math.max(...lines.map(({ text }) => text.length)) * charWidth + 2 * margin)
  const height = lines.length * lineHeight + 2 * margin
  const texts = lines.map(
    ({ text, typed }, index) =>
      `<text x="${margin}" y="${margin + (index + 0.75) * lineHeight}" fill="${typed ? "#7ee787" : "#e6edf3"}">${escape(text)}</text>`
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Ten commands of effect-carto and what they print">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
${texts.join("\n")}
</g>
</svg>
`
}

const record = Effect.gen(function* () {
  const { environment } = yield* LocalCarto
  const folder = mkdtempSync(join(tmpdir(), "effect-carto-"))
  const file = join(folder, "effect-carto")
  yield* Effect.promise(() => bundleCli(file))
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
  writeFileSync(join(folder, "keys.jsonc"), plan)
  const env = {
    ...environment("demo"),
    HOME: folder,
    PATH: `${folder}:${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`
  }
  const lines = yield* Effect.forEach(commands, (command) =>
    Effect.gen(function* () {
      // both streams, in their order
      const { stdout } = yield* run("sh", ["-c", `exec 2>&1; ${command}`], { cwd: folder, env })
      const printed = stdout
        .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:8080")
        .trimEnd()
        .split("\n")
      return [
        { text: `$ ${command}`, typed: true },
        ...printed.map((text) => ({ text, typed: false })),
        { text: "", typed: false }
      ]
    })
  )
  rmSync(folder, { recursive: true })
  writeFileSync(join(root, "src/cli/recording.svg"), svg(lines.flat()))
}).pipe(
  Effect.provide(NodeServices.layer),
  Effect.provide(LocalCarto.layer({ accounts: [{ username: "demo", samples: true }] }))
)

await Effect.runPromise(record)
