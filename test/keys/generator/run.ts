/**
 * Least privilege on generated statements: `node test/keys/generator/run.ts [--statements N] [--seed N] [--database
 * pglite|postgres|FOLDER] [--verbose]`. A folder is that of another release of PGlite, with another PostgreSQL.
 */
import { Effect, Redacted } from "effect"
import process from "node:process"
import { parseArgs } from "node:util"
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

/** Counts the verdicts of a case, and prints what deserves it at once. */
const report = ({ ddl, failure, kinds: made, number, results }: CaseResult, counts: Record<Verdict, number>): void => {
  if (failure !== undefined) console.log(`case ${number} (${made.join(", ")}) could not be made: ${failure}`)
  for (const { detail, statement, verdict } of results) {
    counts[verdict] += 1
    const isShown = verdict === "unsound" || (values.verbose && verdict !== "minimal" && verdict !== "said")
    if (!isShown) continue
    console.log(`${verdict} in case ${number} (${made.join(", ")}): ${statement}`)
    for (const line of [...detail.split("\n"), ...(values.verbose ? ddl : [])]) console.log(`  ${line}`)
  }
}

const summary = (database: Database, counts: Readonly<Record<Verdict, number>>, used: number): string => {
  const ran = counts.minimal + counts.excess
  const all = Object.values(counts).reduce((sum, number) => sum + number, 0)
  const verdicts = Object.entries(counts).map(([verdict, number]) => `${number} ${verdict}`)
  const share = ((100 * counts.minimal) / Math.max(1, ran)).toFixed(1)
  return (
    `${database.version}, seed ${values.seed}: ${all} statements, ${used} of ${kinds.length} kinds of objects: ` +
    `${verdicts.join(", ")}; ${share} % of the ${ran} that run with nothing said are minimal`
  )
}

const measure = async (database: Database): Promise<void> => {
  const counts: Record<Verdict, number> = { minimal: 0, excess: 0, said: 0, cautious: 0, broken: 0, unsound: 0 }
  const used = new Set<string>()
  const first = Number(values.only ?? 0)
  let count = 0
  for (let number = first; count < Number(values.statements); number += 1) {
    const found = await runCase(database, Number(values.seed), number)
    report(found, counts)
    for (const name of found.kinds) used.add(name)
    count += found.results.length
    if (number % 100 === 99) console.log(summary(database, counts, used.size))
    if (values.only !== undefined) break
  }
  console.log(summary(database, counts, used.size))
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
