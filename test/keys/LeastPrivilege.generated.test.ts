/**
 * Generated objects and statements, a case for each kind of object. With the inferred grants each statement runs, or what is
 * missing was reported. Without any one of the grants it does not run. `node test/keys/generator/run.ts` runs thousands.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { missing, PostgresServer } from "../support/postgres.ts"
import type { Database } from "./generator/account.ts"
import { kinds, runCase } from "./generator/cases.ts"
import { openPglite } from "./generator/pglite.ts"
import { openServer } from "./generator/server.ts"

const seed = 20_261_128

/** Runs every second case, from the first or the second on. */
const runCases = async (database: Database, first: number): Promise<void> => {
  const problems: Array<unknown> = []
  let run = 0
  for (let number = first; number < kinds.length; number += 2) {
    const { failure, results, ...made } = await runCase(database, seed, number)
    if (failure !== undefined) problems.push({ failure, ...made })
    for (const result of results) {
      run += 1
      if (result.verdict === "unsound" || result.verdict === "excess") problems.push({ ...result, ...made })
    }
  }
  await database.close()
  console.log(`least privilege on ${database.version}, seed ${seed}: ${run} statements`)
  assert.deepStrictEqual(problems, [])
  assert.isAbove(run, 80)
}

describe("inferred grants for generated statements", { timeout: 300_000 }, () => {
  it("inferred grants are sufficient and necessary on PGlite, or infer reports what is missing", async () =>
    runCases(await openPglite(), 0))
  it.skipIf(missing !== undefined)(
    "inferred grants are sufficient and necessary on a PostgreSQL server, or infer reports what is missing",
    () =>
      Effect.gen(function* () {
        const { url } = yield* PostgresServer
        yield* Effect.promise(async () => runCases(await openServer(Redacted.value(url)), 1))
      }).pipe(Effect.provide(PostgresServer.layer), Effect.runPromise)
  )
})
