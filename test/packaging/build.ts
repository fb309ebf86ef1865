/** `npm run build`: the package's JavaScript and declarations, into `dist`. */
import { spawnSync } from "node:child_process"
import { rmSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { bundleCli } from "./bundleCli.ts"

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// the emulator's prepared data directories stay out: 12 MB, for a start that is some seconds faster
rmSync(at("../../dist"), { recursive: true, force: true })
const { status } = spawnSync(
  process.execPath,
  [at("../../node_modules/typescript/bin/tsc"), "--project", at("tsconfig.build.json")],
  { stdio: "inherit" }
)
if (status === 0) await bundleCli(at("../../dist/cli.js"))
process.exitCode = status ?? 1
