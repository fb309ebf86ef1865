/** Opens a folder, writes to it and waits to be killed. `folder.test.ts` runs it in its own process. */
import * as Effect from "effect/Effect"
import process from "node:process"
import { Databases } from "../../../src/emulator/database.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"

const [, , folder = ""] = process.argv

Effect.gen(function* () {
  const database = yield* (yield* Databases).open("kept")
  yield* database.superuserTransaction(["CREATE TABLE public.t (a int)", "INSERT INTO public.t VALUES (1)"])
  yield* database.superuser("INSERT INTO public.t SELECT 2")
  yield* database.superuser("CHECKPOINT")
  yield* database.superuser("INSERT INTO public.t SELECT 3")
  console.log("written")
  return yield* Effect.never
}).pipe(Effect.scoped, Effect.provide(PgliteDatabases.layer({ folder })), Effect.runFork)
