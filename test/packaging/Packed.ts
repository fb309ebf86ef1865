/** The package in folders of its own, without npm's registry. */
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { bin, networkVariables, root, run } from "../runtimes/commands.ts"

const node = bin("node")

/** Runs a command, and returns its output. A failure fails the test. */
export const succeed = Effect.fnUntraced(function* (command: string, args: ReadonlyArray<string>, cwd: string = root) {
  const { PATH = "" } = process.env
  const { exitCode, stderr, stdout } = yield* run(command, args, { cwd, env: { ...networkVariables, PATH, HOME: cwd } })
  assert.strictEqual(exitCode, 0, `${command} ${args.join(" ")}\n${stdout}${stderr}`)
  return stdout
})

/** The packages that a program has beside this one. */
const peers = {
  client: ["effect"],
  emulator: ["effect", "@effect/platform-node", "@electric-sql/pglite", "world-atlas"],
  newcomer: ["effect", "@electric-sql/pglite", "vitest"],
  blocks: ["effect", "@effect/platform-node", "@electric-sql/pglite", "redis", "vitest"]
}

/** The package as npm publishes it, and programs that have it installed. */
export class Packed extends Context.Service<
  Packed,
  {
    readonly tarball: string
    readonly files: ReadonlyArray<string>
    /** The folders of two programs that have the package installed. */
    readonly client: string
    readonly emulator: string
    /** A folder with the scripts of `examples/newcomer`. */
    readonly newcomer: string
    /** A folder with the packages that the code blocks of README and the guides import. */
    readonly blocks: string
  }
>()("test/Packed") {
  static readonly layer = Layer.effect(
    Packed,
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-" })
      yield* succeed(node, ["test/packaging/build.ts"])
      const name = yield* succeed("npm", [
        "pack",
        "--silent",
        "--ignore-scripts",
        "--cache",
        join(folder, "npm"),
        "--pack-destination",
        folder
      ])
      const tarball = join(folder, name.trim())
      const list = yield* succeed("tar", ["-tzf", tarball])

      const install = Effect.fnUntraced(function* (program: keyof typeof peers) {
        const consumer = join(folder, program)
        const own = join(consumer, "node_modules", "effect-carto")
        yield* files.makeDirectory(own, { recursive: true })
        yield* succeed("tar", ["-xzf", tarball, "--strip-components=1", "-C", own])
        for (const peer of peers[program]) {
          const link = join(consumer, "node_modules", peer)
          yield* files.makeDirectory(dirname(link), { recursive: true })
          yield* files.symlink(join(root, "node_modules", peer), link)
        }
        yield* files.writeFileString(join(consumer, "package.json"), `{ "type": "module" }`)
        return consumer
      })

      const installWithMain = Effect.fnUntraced(function* (program: "client" | "emulator") {
        const consumer = yield* install(program)
        const source = fileURLToPath(new URL(`consumer/${program}.ts`, import.meta.url))
        yield* files.copyFile(source, join(consumer, "main.ts"))
        return consumer
      })

      const newcomer = yield* install("newcomer")
      const scripts = join(root, "examples/newcomer")
      for (const name of yield* files.readDirectory(scripts)) {
        yield* files.copyFile(join(scripts, name), join(newcomer, name))
      }
      return {
        tarball,
        files: list.trimEnd().split("\n"),
        client: yield* installWithMain("client"),
        emulator: yield* installWithMain("emulator"),
        newcomer,
        blocks: yield* install("blocks")
      }
    })
  )
}
