import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { Databases } from "../../../src/emulator/database.ts"
import * as FolderLock from "../../../src/emulator/state/folderLock.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** A process that has written to the folder and still has it open. */
const writer = (path: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(process.execPath, [fileURLToPath(new URL("writer.ts", import.meta.url)), path], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      await once(child.stdout, "data")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const kill = (child: ChildProcess) =>
  Effect.promise(async () => {
    const exit = once(child, "exit")
    child.kill("SIGKILL")
    await exit
  })

const count = (path: string) =>
  Effect.flatMap(Databases, (databases) => databases.open("kept")).pipe(
    Effect.flatMap((database) => database.superuser("SELECT pg_catalog.count(*) FROM public.t")),
    Effect.scoped,
    Effect.provide(PgliteDatabases.layer({ folder: path }))
  )

describe("a database in a folder", () => {
  it.live(
    "is refused while a process has it open, and outlives that process however it ends",
    () =>
      Effect.gen(function* () {
        const path = yield* folder
        const child = yield* writer(path)
        const refused = yield* Effect.flip(count(path))
        assert.strictEqual(refused._tag, "ConnectionError")
        assert.include(refused.message, path)
        assert.include(refused.message, String(child.pid))
        yield* kill(child)
        assert.deepStrictEqual(yield* count(path), [{ count: "3" }])
        assert.deepStrictEqual(yield* count(path), [{ count: "3" }])
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(path)), ["kept"])
      }),
    60_000
  )
})

describe("the lock of a folder", () => {
  it.effect("is held by one at a time, in one process too", () =>
    Effect.gen(function* () {
      const path = yield* folder
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* FolderLock.acquire(path)
          const refused = yield* Effect.flip(Effect.scoped(FolderLock.acquire(path)))
          assert.include(refused.message, `in use by process ${process.pid}`)
        })
      )
      yield* FolderLock.acquire(path)
    })
  )

  it.effect("is taken over from a process that has ended", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const child = spawn(process.execPath, ["--version"], { stdio: "ignore" })
      yield* Effect.promise(() => once(child, "exit"))
      yield* Effect.promise(() => writeFile(join(path, "emulator.pid"), `${child.pid}\n`))
      yield* FolderLock.acquire(path)
    })
  )

  it.effect("is taken over where its file is damaged", () =>
    Effect.gen(function* () {
      const path = yield* folder
      yield* Effect.promise(() => writeFile(join(path, "emulator.pid"), "x"))
      yield* FolderLock.acquire(path)
    })
  )
})
