/**
 * The code blocks of guides, run as they stand, by Node in a folder where `effect-carto` can be imported. A block without a language
 * after one of TypeScript is what that one prints.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import start from "../../src/testing/globalSetup.ts"
import { bin, root, run } from "../runtimes/commands.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import { missing, RedisServer } from "../support/redis.ts"

const read = (file: string): string => readFileSync(join(root, file), "utf8")

interface Block {
  readonly heading: string
  readonly code: string
  /** What the block prints, if the guide says so. */
  readonly output: string | undefined
}

const blocksOf = (page: string): ReadonlyArray<Block> => {
  const text = read(page)
  return [...text.matchAll(/^```ts\n([^]*?)^```\n(?:\n```\n([^]*?)^```\n)?/gm)].map(
    ({ 1: code = "", 2: output, index }) => ({
      heading: [...text.slice(0, index).matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? page,
      code,
      output
    })
  )
}

/** The code of an example, without the comments that it begins with. */
const exampleOf = (file: string): string => read(file).replace(/^(?:\/\/.*\n)+/, "")

const examples = ["examples/testing/vitest.test.ts"]

/** Blocks that make test accounts share this server. */
const server = Layer.effectDiscard(
  Effect.acquireRelease(
    Effect.promise(() => start()),
    (stop) => Effect.promise(() => stop())
  )
)

const carto = LocalCarto.layer({ accounts: [{ username: "demo", samples: true }], postgis: false })

layer(Layer.mergeAll(carto, server, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "the code of the guides",
  (it) => {
    for (const page of [
      "src/promise/README.md",
      "src/rate-limit/README.md",
      "src/sql/README.md",
      "src/testing/README.md"
    ]) {
      // statements alone run nothing
      const blocks = blocksOf(page).filter(({ heading }) => heading !== "Statements")
      for (const { code, heading, output } of blocks) {
        if (/from "(?:vitest|bun:test|node:test)"/.test(code)) {
          it(`${page}, ${heading}: is an example, which its own test runs`, () => {
            assert.include(examples.map(exampleOf), code)
          })
          continue
        }
        const needsRedis = code.includes("REDIS_URL")
        it.effect.skipIf(needsRedis && missing !== undefined)(`${page}, ${heading}: prints what the guide says`, () =>
          Effect.gen(function* () {
            const { environment } = yield* LocalCarto
            const redis = needsRedis
              ? { REDIS_URL: Context.get(yield* Layer.build(RedisServer.layer), RedisServer).url }
              : {}
            const args = ["--conditions=@effect-carto/source", "--input-type=module-typescript", "--eval", code]
            const { exitCode, stderr, stdout } = yield* run(bin("node"), args, {
              env: {
                PATH: process.env["PATH"] ?? "",
                HOME: process.env["HOME"] ?? "",
                NO_COLOR: "1",
                EFFECT_CARTO_TEST_SERVER: process.env["EFFECT_CARTO_TEST_SERVER"] ?? "",
                ...environment("demo"),
                ...redis
              }
            })
            assert.strictEqual(exitCode, 0, stderr)
            assert.strictEqual(stdout, output)
          }).pipe(Effect.scoped)
        )
      }
      it(`${page} has code`, () => assert.isNotEmpty(blocks))
    }
  }
)
