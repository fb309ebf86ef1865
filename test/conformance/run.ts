/** `npm run conformance -- auth|sql [FILE]`: runs conformance cases over HTTP against the emulator. */
import { existsSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as TestDatabases from "../support/databases.ts"
import { missing } from "../support/postgres.ts"
import type { Suite } from "./summary.ts"

const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  auth: async () => (await import("./auth/auth.ts")).run,
  sql: async () => (await import("./sql/sql.ts")).run
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
  const own = [`${name}-api-cases.json`, `${name}-api-more-cases.json`]
  const files =
    file === undefined ? own.map((one) => fileURLToPath(new URL(`./cases/${one}`, import.meta.url))) : [file]
  const absent = files.find((one) => !existsSync(one))
  if (absent !== undefined) return fail(`there is no file ${absent}\n`)
  const run = await load()
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const one of files) {
    const { failed, passed, skipped } = await run(one, kind)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
  return total.failed > 0 ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
