/** `deno doc --lint` over all public modules: every exported symbol has documentation and refers to public types only. */
import { spawnSync } from "node:child_process"
import process from "node:process"
import { bin, root } from "../runtimes/commands.ts"
import { modules } from "./publicModules.ts"

/** Rooms with findings. A room without findings must leave the list. */
const notYet: ReadonlyArray<string> = [
  "account",
  "emulator",
  "errors",
  "keys",
  "promise",
  "rate-limit",
  "sql",
  "testing"
]

const args = ["doc", "--lint", ...modules.map(({ source }) => `src/${source}.ts`)]
const { stderr } = spawnSync(bin("deno"), args, { cwd: root, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } })

/** Each finding begins with a line of its kind, and names its file in the next. */
const findings = [...stderr.matchAll(/^error\[[^]*?--> .*?\/src\/([^\n]+)\n/gm)].map(([text, place = ""]) => ({
  text: text.trimEnd(),
  room: place.includes("/") ? (place.split("/")[0] ?? "") : "src"
}))

const unlisted = findings.filter(({ room }) => !notYet.includes(room))
const finished = notYet.filter((room) => findings.every((finding) => finding.room !== room))
for (const { text } of unlisted) console.error(text)
for (const room of finished) console.error(`${room} has no findings: take it from the list in test/packaging/docs.ts`)
console.log(`${findings.length} findings, ${unlisted.length} of them in rooms that must have none`)
process.exitCode = unlisted.length === 0 && finished.length === 0 ? 0 : 1
