/** `npm run conformance -- auth|sql [FILE]`: runs conformance cases over HTTP against the emulator. */
import { existsSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as TestDatabases from "../support/databases.ts"
import { missing } from "../support/postgres.ts"
import type { Suite } from "./Summary.ts"

const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  auth: async () => (await import("./auth.ts")).run,
  sql: async () => (await import("./sql.ts")).run
}

const usage = `Usage: npm run conformance -- auth|sql [FILE] [--database pglite|postgres]\n`

const fail = (message: string): number => {
  process.stderr.write(message)
  return 2
}

const main = async (args: Array<string>): Promise<number> => {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { database: { type: "string", default: TestDatabases.kind } }
  })
  const [name = "", file, ...rest] = positionals
  const load = Object.hasOwn(suites, name) ? suites[name] : undefined
  const kind = TestDatabases.kinds.find((one) => one === values.database)
  if (load === undefined || kind === undefined || rest.length > 0) return fail(usage)
  if (kind === "postgres" && missing !== undefined) return fail(`${missing}\n`)
  const own = fileURLToPath(new URL(`./cases/${name}-api-cases.json`, import.meta.url))
  const cases = file ?? own
  if (!existsSync(cases)) return fail(`there is no file ${cases}\n`)
  const run = await load()
  const { failed, passed, skipped } = await run(cases, kind)
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed > 0 ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
