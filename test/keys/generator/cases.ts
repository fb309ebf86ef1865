/** Cases from a seed, and the results of their statements on a database. */
import { check, type Checked, servicesOn } from "./check.ts"
import { cleared, type Database } from "./account.ts"
import { type Kind, Maker } from "./Maker.ts"
import { otherKinds } from "./others.ts"
import { Random } from "./random.ts"
import { tableKinds } from "./tables.ts"

/** All kinds of objects. */
export const kinds: ReadonlyArray<Kind> = [...tableKinds, ...otherKinds]

/** A case that a seed and its number repeat: each kind comes in turn, with others at random. */
export const makeCase = (seed: number, number: number): Maker => {
  const maker = new Maker(new Random(seed * 1_000_003 + number))
  const chosen = new Set([
    kinds[number % kinds.length],
    ...(maker.random.chance(0.3) ? [maker.random.pick(kinds)] : [])
  ])
  for (const kind of chosen) {
    if (kind === undefined) continue
    maker.kinds.add(kind.name)
    kind.make(maker)
  }
  return maker
}

/** What one case came to. */
export interface CaseResult {
  readonly number: number
  readonly kinds: ReadonlyArray<string>
  readonly results: ReadonlyArray<Checked>
  /** Why its objects could not be made, if so. */
  readonly failure: string | undefined
  readonly ddl: ReadonlyArray<string>
}

/** Makes the objects of a case, checks its statements, and removes everything. */
export const runCase = async (database: Database, seed: number, number: number): Promise<CaseResult> => {
  const made = makeCase(seed, number)
  const done: Array<string> = []
  const results: Array<Checked> = []
  let failure: string | undefined
  try {
    await database.superuser(
      ["SET SESSION AUTHORIZATION master", ...made.ddl, "SET SESSION AUTHORIZATION postgres"].join(";\n")
    )
    for (const text of made.superuser) {
      await database.superuser(text)
      done.push(text)
    }
    const services = servicesOn(database)
    for (const statement of made.statements) results.push(await check(database, services, statement))
  } catch (error) {
    failure = String(error)
    await database.superuser("ROLLBACK; SET SESSION AUTHORIZATION postgres")
  }
  for (const text of made.undo) {
    try {
      await database.superuser(text)
    } catch (error) {
      failure ??= String(error)
    }
  }
  await database.superuser(cleared)
  return { number, kinds: [...made.kinds], results, failure, ddl: [...made.ddl, ...made.superuser] }
}
