import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { Databases } from "../../../src/emulator/database.ts"
import * as JsonFile from "../../../src/emulator/state/jsonFile.ts"
import * as FolderLock from "../../../src/emulator/state/folderLock.ts"
import * as PgliteDatabases from "../../../src/emulator/pglite/pgliteDatabases.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-carto-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const contender = fileURLToPath(new URL("contender.ts", import.meta.url))

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
    "a database in a folder is refused while a process has it open, and survives any end of that process",
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
  it.effect("the lock of a folder has one holder at a time, also in one process", () =>
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

  it.effect("the lock of a folder is taken over from a process that has ended", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const child = spawn(process.execPath, ["--version"], { stdio: "ignore" })
      yield* Effect.promise(() => once(child, "exit"))
      yield* Effect.promise(() => writeFile(join(path, "emulator.pid"), `${child.pid}\n`))
      yield* FolderLock.acquire(path)
    })
  )

  it.live(
    "a stale lock of a folder is taken by one of many concurrent processes",
    () =>
      Effect.gen(function* () {
        for (let round = 0; round < 4; round += 1) {
          const path = yield* folder
          const dead = spawn(process.execPath, ["--version"], { stdio: "ignore" })
          yield* Effect.promise(() => once(dead, "exit"))
          yield* Effect.promise(() => writeFile(join(path, "emulator.pid"), `${dead.pid}\n`))
          const start = Date.now() + 1500
          const children = Array.from({ length: 4 }, () =>
            spawn(process.execPath, [contender, path, String(start)], { stdio: ["ignore", "pipe", "inherit"] })
          )
          const said = yield* Effect.promise(() =>
            Promise.all(children.map(async ({ stdout }) => String((await once(stdout, "data"))[0])))
          )
          for (const child of children) child.kill("SIGKILL")
          assert.deepStrictEqual(said.toSorted(), ["held\n", "refused\n", "refused\n", "refused\n"])
        }
      }),
    120_000
  )

  it.live("files and folders are private to their owner, and leftovers of a killed writer are deleted", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "own")
      const metadata = join(path, "metadata.json")
      yield* JsonFile.replace(metadata, { a: 1 })
      const unfinished = [`${metadata}.next`, `${metadata}.5e1e6b0a-7d3c-4d0e-9a49-2b2d3c4d5e6f`]
      for (const file of unfinished) yield* Effect.promise(() => writeFile(file, "{"))
      yield* JsonFile.read(metadata)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(path)), ["metadata.json"])
      const modes = yield* Effect.promise(() =>
        Promise.all([path, metadata].map(async (name) => (await stat(name)).mode & 0o777))
      )
      assert.deepStrictEqual(modes, [0o700, 0o600])
      yield* Effect.exit(count(path))
      const all = yield* Effect.promise(() => readdir(path, { recursive: true, withFileTypes: true }))
      const open = yield* Effect.promise(() =>
        Promise.all(
          all.map(async (entry) => {
            const { mode } = await stat(join(entry.parentPath, entry.name))
            return (mode & 0o077) === 0 ? [] : [entry.name]
          })
        )
      )
      assert.deepStrictEqual(open.flat(), [])
    })
  )

  it.effect("the lock of a folder is taken over if its file is damaged", () =>
    Effect.gen(function* () {
      const path = yield* folder
      yield* Effect.promise(() => writeFile(join(path, "emulator.pid"), "x"))
      yield* FolderLock.acquire(path)
    })
  )
})
