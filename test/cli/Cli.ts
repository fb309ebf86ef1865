/** The bundled command line, and an embedded CARTO for it to work with. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import process from "node:process"
import { bundleCli } from "../packaging/bundleCli.ts"
import type { Finished } from "../runtimes/commands.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"

export interface RunOptions {
  readonly stdin?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
}

export class Cli extends Context.Service<
  Cli,
  {
    readonly file: string
    /** A folder of its own, the home of every command. */
    readonly home: string
    /** What a command has in its environment: the account and its master key. */
    readonly environment: Readonly<Record<string, string>>
    readonly masterKey: string
    readonly run: (
      args: ReadonlyArray<string>,
      options?: RunOptions
    ) => Effect.Effect<Finished, never, ChildProcessSpawner>
    /** Runs a command that must succeed; returns its stdout. */
    readonly succeed: (
      args: ReadonlyArray<string>,
      options?: RunOptions
    ) => Effect.Effect<string, never, ChildProcessSpawner>
  }
>()("test/Cli") {
  static readonly layer = Layer.effect(
    Cli,
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const { environment } = yield* LocalCarto
      const home = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-cli-" })
      const file = join(home, "effect-carto.js")
      yield* Effect.promise(() => bundleCli(file))
      const variables = { ...environment("demo"), HOME: home, PATH: process.env["PATH"] ?? "" }
      const run = (args: ReadonlyArray<string>, { env = {}, stdin }: RunOptions = {}) =>
        Effect.gen(function* () {
          const child = yield* ChildProcess.make(process.execPath, [file, ...args], {
            cwd: home,
            env: { ...variables, ...env },
            stdin: stdin === undefined ? "ignore" : Stream.make(new TextEncoder().encode(stdin)),
            forceKillAfter: "5 seconds"
          })
          const [exitCode, stdout, stderr] = yield* Effect.all(
            [
              child.exitCode,
              Stream.mkString(Stream.decodeText(child.stdout)),
              Stream.mkString(Stream.decodeText(child.stderr))
            ],
            { concurrency: "unbounded" }
          )
          return { exitCode, stdout, stderr } satisfies Finished
        }).pipe(Effect.scoped, Effect.orDie)
      return {
        file,
        home,
        environment: variables,
        masterKey: environment("demo").CARTO_API_KEY,
        run,
        succeed: (args, options) =>
          Effect.map(run(args, options), ({ exitCode, stderr, stdout }) => {
            assert.strictEqual(exitCode, 0, `effect-carto ${args.join(" ")}\n${stderr}`)
            return stdout
          })
      }
    })
  ).pipe(
    Layer.provideMerge(LocalCarto.layer({ accounts: [{ username: "demo", samples: true }] })),
    Layer.provideMerge(NodeServices.layer)
  )
}

/** Fails if a text holds the secret. */
export const assertWithout = (secret: string, ...texts: ReadonlyArray<string>): void => {
  assert.isAbove(secret.length, 10)
  for (const text of texts) assert.notInclude(text, secret)
}
