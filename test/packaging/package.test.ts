/** The package as npm would publish it: what is in it, and that it works where it is installed. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { dirname, join } from "node:path"
import process from "node:process"
import { bin, networkVariables, root, run } from "../runtimes/commands.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import { bundle, serve } from "../runtimes/workerd.ts"
import { Packed, succeed } from "./Packed.ts"

const node = bin("node")
const tsc = join(root, "node_modules/typescript/bin/tsc")

const username = "demo"
const carto = LocalCarto.layer({ accounts: [{ username, samples: true }], postgis: false })

layer(Layer.mergeAll(Layer.provideMerge(Packed.layer, NodeServices.layer), carto), {
  excludeTestServices: true,
  timeout: "60 seconds"
})("the package", (it) => {
  it.effect("the package holds the JavaScript and declarations of every source, and no path of this machine", () =>
    Effect.gen(function* () {
      const { client, files: packed } = yield* Packed
      const files = yield* FileSystem.FileSystem
      const sources = yield* files.readDirectory(join(root, "src"), { recursive: true })
      // the command line is bundled to one file
      const modules = sources
        .filter((name) => name.endsWith(".ts") && !name.startsWith("cli/"))
        .map((name) => name.slice(0, -".ts".length))
      const examples = yield* files.readDirectory(join(root, "examples/newcomer"))
      const top = ["LICENSE", "README.md", "CHANGELOG.md", "package.json"]
      const expected = [
        ...top,
        "dist/cli.js",
        // npm adds it to the folder beside it
        "examples/README.md",
        ...examples.map((name) => `examples/newcomer/${name}`),
        ...modules.flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`])
      ]
      const names = packed.map((name) => name.replace("package/", ""))
      assert.deepStrictEqual(
        {
          missing: expected.filter((name) => !names.includes(name)),
          unexpected: names.filter((name) => !expected.includes(name))
        },
        { missing: [], unexpected: [] }
      )
      for (const name of names) {
        const text = yield* files.readFileString(join(client, "node_modules", "effect-carto", name))
        assert.notInclude(text, root, name)
      }
    })
  )

  it.effect("a release names the repository that it is built in", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const workflow = yield* files.readFileString(join(root, ".github/workflows/release.yml"))
      const [, command = ""] = /^ +- run: (npm pkg set .*)$/m.exec(workflow) ?? []
      const folder = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-" })
      const manifest = join(folder, "package.json")
      yield* files.copyFile(join(root, "package.json"), manifest)
      const { PATH = "" } = process.env
      const env = { PATH, HOME: folder, GITHUB_REPOSITORY: "somebody/effect-carto" }
      assert.strictEqual((yield* run("sh", ["-c", command], { cwd: folder, env })).exitCode, 0)
      const repository = Schema.Struct({ type: Schema.String, url: Schema.String })
      const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Struct({ repository })))
      assert.deepStrictEqual((yield* decode(yield* files.readFileString(manifest))).repository, {
        type: "git",
        url: "git+https://github.com/somebody/effect-carto.git"
      })
    })
  )

  it.effect("publint and Are the types wrong? find no fault in the package", () =>
    Effect.gen(function* () {
      const { tarball } = yield* Packed
      yield* succeed(node, [bin("publint"), "--strict", tarball])
      yield* succeed(node, [bin("attw"), tarball, "--profile", "esm-only"])
    })
  )

  const programs = ["client", "emulator"] as const
  for (const program of programs) {
    for (const moduleResolution of ["node16", "nodenext", "bundler"]) {
      it.effect(`the ${program} program type-checks with its libraries under ${moduleResolution}`, () =>
        Effect.gen(function* () {
          const folder = (yield* Packed)[program]
          const compilerOptions = {
            module: moduleResolution === "bundler" ? "esnext" : moduleResolution,
            moduleResolution,
            target: "es2024",
            lib: ["es2024", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
            types: program === "client" ? [] : ["node"],
            typeRoots: [join(root, "node_modules/@types")],
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: false,
            noEmit: true
          }
          const config = JSON.stringify({ compilerOptions, files: ["main.ts"] })
          yield* (yield* FileSystem.FileSystem).writeFileString(join(folder, "tsconfig.json"), config)
          yield* succeed(node, [tsc, "--project", folder])
        })
      )
    }
  }

  it.effect("the client runs with effect as its only other package", () =>
    Effect.gen(function* () {
      const { client } = yield* Packed
      assert.strictEqual(yield* succeed(node, ["main.ts"], client), '[{"n":1}]\n')
    })
  )

  it.effect("the embedded CARTO runs from the package, without prepared data directories", () =>
    Effect.gen(function* () {
      const { emulator } = yield* Packed
      assert.strictEqual(yield* succeed(node, ["main.ts"], emulator), '[{"found":true}]\n')
    })
  )

  it.effect("a Worker bundle holds nothing of the embedded CARTO", () =>
    Effect.gen(function* () {
      const { client } = yield* Packed
      const contents = `import * as Carto from "effect-carto"; export default { fetch: () => Response.json(Object.keys(Carto)) }`
      const { inputs } = yield* bundle({ contents, resolveDir: client }, { conditions: [] })
      assert.isTrue(inputs.some((name) => name.endsWith("effect-carto/dist/sql/Sql.js")))
      assert.deepStrictEqual(
        inputs.filter((name) => /\/emulator\/|pglite|world-atlas|platform-node/.test(name)),
        []
      )
    })
  )

  const newcomers = [
    { script: "effect.ts", command: [node], output: "some tornadoes\n" },
    { script: "promises.ts", command: [node], output: "some tornadoes\nand they stay\n" },
    { script: "bun.ts", command: [bin("bun")], output: "Texas has tornadoes\n" },
    { script: "deno.ts", command: [bin("deno"), "run", "--allow-net", "--allow-env"], output: /^state\n\w+\n\w+\n$/ }
  ]
  for (const { command, output, script } of newcomers) {
    it.effect(`examples/newcomer/${script} runs`, () =>
      Effect.gen(function* () {
        const { newcomer } = yield* Packed
        const { environment } = yield* LocalCarto
        const [program = "", ...args] = command
        const ended = yield* run(program, [...args, script], {
          cwd: newcomer,
          env: { HOME: newcomer, ...environment(username) }
        })
        assert.deepInclude(ended, { exitCode: 0, stderr: "" })
        assert.isTrue(typeof output === "string" ? ended.stdout === output : output.test(ended.stdout), ended.stdout)
      })
    )
  }

  it.effect("examples/newcomer/worker.ts runs", () =>
    Effect.gen(function* () {
      const { newcomer } = yield* Packed
      const { environment } = yield* LocalCarto
      const worker = yield* bundle(join(newcomer, "worker.ts"), { conditions: [] })
      const url = yield* serve({ bundle: worker, variables: environment(username) })
      const rows = yield* Effect.promise(async () => (await fetch(`${url}/?state=Texas`)).json())
      assert.isAbove(rows[0]?.n, 0)
    })
  )

  it.effect("examples/newcomer/testing.test.ts runs", () =>
    Effect.gen(function* () {
      const { newcomer } = yield* Packed
      const vitest = ["node_modules/vitest/vitest.mjs", "run", "--testTimeout=60000", "--no-color"]
      assert.match(yield* succeed(node, vitest, newcomer), /Tests +2 passed \(2\)/)
    })
  )

  it.effect("the scripts of examples/newcomer have at most 25 lines", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const folder = join(root, "examples/newcomer")
      const names = yield* files.readDirectory(folder)
      // each of them runs here, and embedded.ts as the first program of README
      assert.deepStrictEqual(names.toSorted(), [
        "bun.ts",
        "deno.ts",
        "effect-3.ts",
        "effect.ts",
        "embedded.ts",
        "promises.ts",
        "testing.test.ts",
        "worker.ts"
      ])
      for (const name of names) {
        const text = yield* files.readFileString(join(folder, name))
        assert.isAtMost(text.trimEnd().split("\n").length, 25, name)
      }
    })
  )

  const lacking = [
    {
      what: "testing",
      program: "client",
      script: `import { TestServer } from "effect-carto/testing"
        const effect = Layer.build(TestServer.layer())`,
      output: "make: the embedded CARTO needs the package @electric-sql/pglite: npm install @electric-sql/pglite"
    },
    {
      what: "PostGIS",
      program: "emulator",
      script: `import { make } from "effect-carto/emulator"
        const effect = Effect.flatMap(make({ postgis: true, accounts: [{ username: "demo" }] }), (e) => e.execute("demo", "SELECT 1"))`,
      output:
        "PostGIS in the embedded CARTO needs the package @electric-sql/pglite-postgis: npm install @electric-sql/pglite-postgis"
    },
    {
      what: "a PostgreSQL server",
      program: "client",
      script: `import { make } from "effect-carto/emulator"
        const effect = make({ database: "postgres://postgres@127.0.0.1/postgres", accounts: [{ username: "demo" }] })`,
      output: "the emulator on a PostgreSQL server needs the package pg: npm install pg"
    },
    {
      what: "undici",
      program: "client",
      script: `import * as Node from "effect-carto/runtime/node"
        const effect = Layer.build(Node.layerHttpClient())`,
      output: "effect-carto/runtime/node needs the package @effect/platform-node: npm install @effect/platform-node"
    }
  ] as const
  for (const { output, program, script, what } of lacking) {
    it.effect(`the error names the package that ${what} lacks`, () =>
      Effect.gen(function* () {
        const folder = (yield* Packed)[program]
        const text = `import { Cause, Effect, Exit, Layer } from "effect"
          ${script}
          const exit = await Effect.runPromiseExit(Effect.scoped(effect))
          console.log(Exit.isFailure(exit) ? Cause.squash(exit.cause).message : "lacks nothing")`
        const said = yield* succeed(node, ["--input-type=module", "--eval", text], folder)
        assert.isTrue(said.trimEnd().endsWith(output), said)
      })
    )
  }

  it.effect(
    "a program on Effect 3 uses the package in the same process",
    () =>
      Effect.gen(function* () {
        const { tarball } = yield* Packed
        const { environment } = yield* LocalCarto
        const files = yield* FileSystem.FileSystem
        const host = join(dirname(tarball), "host")
        yield* files.copy(join(root, "examples/effect-3"), host)
        yield* files.copyFile(join(root, "examples/newcomer/effect-3.ts"), join(host, "effect-3.ts"))
        const manifest = join(host, "carto/package.json")
        const text = yield* files.readFileString(manifest)
        yield* files.writeFileString(manifest, text.replace(/"\^0\.1\.0"/, JSON.stringify(`file:${tarball}`)))
        const { HOME = host, PATH = "" } = process.env
        const npm = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
          const ended = yield* run("npm", args, { cwd: host, env: { ...networkVariables, PATH, HOME } })
          assert.strictEqual(ended.exitCode, 0, ended.stdout + ended.stderr)
          return ended.stdout
        })
        // by default npm waits five minutes for a connection without data
        yield* npm("install", "--no-audit", "--no-fund", "--fetch-timeout=20000", "--fetch-retries=1")
        yield* succeed(node, [tsc, "--project", host])
        assert.match(yield* npm("test", "--", "--no-color"), /Tests +5 passed \(5\)/)
        const ended = yield* run(node, ["effect-3.ts"], { cwd: host, env: environment(username) })
        assert.deepInclude(ended, { exitCode: 0, stdout: "[ { found: true } ]\n" })
      }),
    { timeout: 300_000 }
  )
})
