import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { delimiter, dirname } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

const script = fileURLToPath(new URL("server.ts", import.meta.url))
const root = fileURLToPath(new URL("../../..", import.meta.url))
const path = [`${root}node_modules/.bin`, dirname(process.execPath), process.env["PATH"]].join(delimiter)

const runtimes: ReadonlyArray<readonly [name: string, command: string, args: ReadonlyArray<string>]> = [
  ["Node", process.execPath, []],
  ["Deno", "deno", ["run", "--no-check", "--allow-all"]],
  ["Bun", "bun", ["run"]]
]

describe("listen", () => {
  for (const [name, command, args] of runtimes) {
    it(
      `listen on ${name} serves bodies, reports a port that is in use, and notices when a client leaves`,
      { timeout: 60_000 },
      () => {
        const { stderr, stdout } = spawnSync(command, [...args, script], {
          cwd: root,
          encoding: "utf8",
          env: { ...process.env, PATH: path, NO_COLOR: "1" }
        })
        assert.deepStrictEqual(
          stdout.trim().split("\n"),
          ["POST /a/b 2000000", "true", "3000000", "true", "true"],
          stderr
        )
      }
    )
  }
})
