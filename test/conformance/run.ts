/** `npm run conformance -- auth|sql [FILE]`: runs conformance cases over HTTP against the emulator. */
import { existsSync } from "node:fs"
import process from "node:process"
import { fileURLToPath } from "node:url"
import type { Suite } from "./Summary.ts"

const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  auth: async () => (await import("./auth.ts")).run,
  sql: async () => (await import("./sql.ts")).run
}

const usage = `Usage: npm run conformance -- auth|sql [FILE]\n`

const main = async ([name = "", file, ...rest]: ReadonlyArray<string>): Promise<number> => {
  const load = Object.hasOwn(suites, name) ? suites[name] : undefined
  if (load === undefined || rest.length > 0) {
    process.stderr.write(usage)
    return 2
  }
  const own = fileURLToPath(new URL(`./cases/${name}-api-cases.json`, import.meta.url))
  const cases = file ?? own
  if (!existsSync(cases)) {
    process.stderr.write(`there is no file ${cases}\n`)
    return 2
  }
  const run = await load()
  const { failed, passed, skipped } = await run(cases)
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed > 0 ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
