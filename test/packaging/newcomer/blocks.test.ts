/** Every code block of README and the guides runs as pasted, in a program that has only the packed package. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { join } from "node:path"
import { bin, root, run } from "../../runtimes/commands.ts"
import { LocalCarto } from "../../runtimes/LocalCarto.ts"
import { missing, RedisServer } from "../../support/redis.ts"
import { Packed } from "../Packed.ts"
import { type Block, blocks } from "./blocks.ts"

const username = "demo"
const carto = LocalCarto.layer({ accounts: [{ username, samples: true }], postgis: false })

/** Pages with blocks that are not whole modules yet. This list only shrinks. */
const notYet: ReadonlyArray<string> = ["src/account/README.md", "src/errors/README.md", "src/keys/README.md"]

const code = blocks.filter(({ language }) => language === "ts")
const whole = code.filter(({ page }) => !notYet.includes(page))
/** Tests are run by a test runner. */
const programs = whole.filter(({ code: text }) => !/from "(?:vitest|node:test|bun:test|@jest\/globals)"/.test(text))

const needsRedis = ({ code: text }: Block): boolean => text.includes("REDIS_URL")
/** The address of a Redis server of this test's own, for a block that asks for one. */
const redis = (block: Block): Effect.Effect<Readonly<Record<string, string>>, never, Scope.Scope> =>
  needsRedis(block)
    ? Effect.map(Layer.build(RedisServer.layer), (context) => ({ REDIS_URL: Context.get(context, RedisServer).url }))
    : Effect.succeed({})

const place = ({ line, page }: Block): string => `${page}:${line}`

const fileOf = ({ line, page }: Block): string => `${page.replaceAll("/", "-").replace(".md", "")}-${line}.ts`

layer(Layer.mergeAll(Layer.provideMerge(Packed.layer, NodeServices.layer), carto), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("code blocks", (it) => {
  it.effect("are whole modules that type-check", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const { blocks: folder } = yield* Packed
      for (const block of code) yield* files.writeFileString(join(folder, fileOf(block)), block.code)
      const compilerOptions = {
        module: "nodenext",
        target: "es2024",
        lib: ["es2024", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
        strict: true,
        skipLibCheck: true,
        noEmit: true
      }
      const check = Effect.fnUntraced(function* (checked: ReadonlyArray<Block>) {
        const config = JSON.stringify({ compilerOptions, files: checked.map(fileOf) })
        yield* files.writeFileString(join(folder, "tsconfig.json"), config)
        const tsc = [join(root, "node_modules/typescript/bin/tsc"), "--pretty", "false", "--project", folder]
        const { stdout } = yield* run(bin("node"), tsc, { cwd: folder, env: {} })
        const lines = stdout.split("\n")
        return checked.filter((block) => lines.some((line) => line.startsWith(`${fileOf(block)}(`)))
      })
      // the compiler looks for errors of types only if all files can be read
      const unreadable = yield* check(code)
      const wrong = [...unreadable, ...(yield* check(code.filter((block) => !unreadable.includes(block))))]
      const unlisted = wrong.filter(({ page }) => !notYet.includes(page))
      assert.deepStrictEqual(unlisted.map(place), [])
      // a page whose blocks are all right leaves the list
      assert.sameMembers([...new Set(wrong.map(({ page }) => page))], [...notYet])
    })
  )

  it.effect.each(
    programs
      .filter((block) => missing === undefined || !needsRedis(block))
      .map((block) => [place(block), block] as const)
  )("%s runs as pasted", ([, block]) =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const { blocks: folder } = yield* Packed
      const { environment } = yield* LocalCarto
      yield* files.writeFileString(join(folder, fileOf(block)), block.code)
      const variables = yield* redis(block)
      const ended = yield* run(bin("node"), [fileOf(block)], {
        cwd: folder,
        env: { HOME: folder, ...environment(username), ...variables }
      })
      assert.strictEqual(ended.exitCode, 0, ended.stderr)
      if (block.output !== undefined) assert.strictEqual(ended.stdout, block.output)
    })
  )
})
