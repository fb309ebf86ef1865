/**
 * Least privilege on generated statements: `node test/keys/generator/run.ts [--statements N] [--seed N] [--database
 * pglite|postgres|FOLDER] [--verbose]`. A folder is that of another release of PGlite, with another PostgreSQL.
 */
import { Effect } from "effect"
import process from "node:process"
import { parseArgs } from "node:util"
import { Redacted } from "effect"
import { missing, PostgresServer } from "../../support/postgres.ts"
import type { Database } from "./account.ts"
import { type CaseResult, kinds, runCase } from "./cases.ts"
import type { Verdict } from "./check.ts"
import { openPglite } from "./pglite.ts"
import { openServer } from "./server.ts"

const { values } = parseArgs({
  options: {
    statements: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    database: { type: "string", default: "pglite" },
    verbose: { type: "boolean", default: false }
  }
})

const report = (cases: ReadonlyArray<CaseResult>): Readonly<Record<Verdict, number>> => {
  const counts: Record<Verdict, number> = { minimal: 0, excess: 0, said: 0, cautious: 0, broken: 0, unsound: 0 }
  for (const { ddl, failure, kinds: made, number, results } of cases) {
    if (failure !== undefined) console.log(`case ${number} (${made.join(", ")}) could not be made: ${failure}`)
    for (const { detail, statement, verdict } of results) {
      counts[verdict] += 1
      const isShown = verdict === "unsound" || (values.verbose && verdict !== "minimal" && verdict !== "said")
      if (isShown)
        console.log(
          `${verdict} in case ${number} (${made.join(", ")}): ${statement}\n  ${detail.replaceAll("\n", "\n  ")}\n  ${values.verbose ? ddl.join("\n  ") : ""}`
        )
    }
  }
  return counts
}

const measure = async (database: Database): Promise<void> => {
  const [wanted, seed] = [Number(values.statements), Number(values.seed)]
  const cases: Array<CaseResult> = []
  let count = 0
  const first = Number(values.only ?? 0)
  for (let number = first; count < wanted && (values.only === undefined || number === first); number += 1) {
    const found = await runCase(database, seed, number)
    count += found.results.length
    cases.push(found)
  }
  const counts = report(cases)
  const ran = counts.minimal + counts.excess
  const used = new Set(cases.flatMap((each) => each.kinds))
  console.log(
    `${database.version}, seed ${seed}: ${count} statements in ${cases.length} cases, ${used.size} of ${kinds.length} kinds of objects; ` +
      Object.entries(counts)
        .map(([verdict, number]) => `${number} ${verdict}`)
        .join(", ") +
      `; ${((100 * counts.minimal) / Math.max(1, ran)).toFixed(1)} % of ${ran} that run with nothing said are minimal`
  )
  if (counts.unsound > 0) process.exitCode = 1
  await database.close()
}

if (values.database === "postgres") {
  if (missing !== undefined) throw new Error(missing)
  await Effect.runPromise(
    Effect.gen(function* () {
      const { url } = yield* PostgresServer
      yield* Effect.promise(async () => measure(await openServer(Redacted.value(url))))
    }).pipe(Effect.provide(PostgresServer.layer), Effect.scoped)
  )
} else if (values.database === "pglite") await measure(await openPglite())
else {
  const { PGlite } = await import(`${values.database}/dist/index.js`)
  await measure(await openPglite(PGlite))
}
