/** `npm test`: everything that must hold. Ends with one line that adds it all up. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { delimiter, dirname, join } from "node:path"
import process from "node:process"
import "./requireNode24.js"
import type { Summary } from "./conformance/summary.ts"
import { bin, type Finished, networkVariables, root, run } from "./runtimes/commands.ts"
import type { Kind } from "./support/databases.ts"
import { missing } from "./support/postgres.ts"

interface Step {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** Variables that it gets besides those of all steps. */
  readonly env?: Readonly<Record<string, string>>
  /** Where a step counts for more than one. */
  readonly count?: (finished: Finished) => Effect.Effect<Summary, PlatformError | Schema.SchemaError>
}

const step = (name: string, command: string, ...args: ReadonlyArray<string>): Step => ({ name, command, args })

/** By its JavaScript file: these are programs of Node's, whatever the machine's own Node is. */
const nodeStep = (name: string, file: string, ...args: ReadonlyArray<string>): Step =>
  step(name, process.execPath, file, ...args)

const on = (database: Kind): string => (database === "postgres" ? " on a PostgreSQL server" : "")

const conformance = (suite: "auth" | "sql", database: Kind = "pglite"): Step => ({
  ...nodeStep(`conformance ${suite}${on(database)}`, "test/conformance/run.ts", suite, "--database", database),
  count: ({ stdout }) => {
    const line = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(stdout.trimEnd().split("\n").at(-1) ?? "")
    const [passed, failed, skipped] = line === null ? [0, 1, 0] : line.slice(1).map(Number)
    return Effect.succeed({ passed: passed ?? 0, failed: failed ?? 0, skipped: skipped ?? 0 })
  }
})

const VitestReport = Schema.fromJsonString(
  Schema.Struct({
    numPassedTests: Schema.Natural,
    numFailedTests: Schema.Natural,
    numPendingTests: Schema.Natural,
    numTodoTests: Schema.Natural
  })
)

const vitest = (
  report: string,
  files: FileSystem.FileSystem,
  database: Kind = "pglite",
  filters: ReadonlyArray<string> = []
): Step => ({
  ...step(
    `vitest${on(database)}`,
    bin("vitest"),
    "run",
    "--config=test/vitest.config.ts",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...filters
  ),
  env: { EFFECT_CARTO_TEST_DATABASE: database },
  count: () =>
    Effect.map(
      Effect.flatMap(files.readFileString(report), Schema.decodeUnknownEffect(VitestReport)),
      ({ numFailedTests, numPassedTests, numPendingTests, numTodoTests }) => ({
        passed: numPassedTests,
        failed: numFailedTests,
        skipped: numPendingTests + numTodoTests
      })
    )
})

/** Tests that have an embedded CARTO of `test/support/embedded.ts`: what they show must hold on a server as well. */
const embedded = [".postgres.test.ts", "test/sql/", "test/keys/"]

/** Steps of one stage run two at a time; vitest has both cores to itself. */
const stages = (
  vitest: (database?: Kind, filters?: ReadonlyArray<string>) => Step
): ReadonlyArray<ReadonlyArray<Step>> => [
  [
    step("format", bin("oxfmt"), "--check"),
    step("lint", bin("oxlint"), "--deny-warnings"),
    nodeStep("exports", "test/packaging/exports.ts", "--check"),
    nodeStep("documentation", "test/packaging/docs.ts"),
    nodeStep("types", "node_modules/typescript/bin/tsc", "--noEmit"),
    nodeStep("types of tests and examples", "node_modules/typescript/bin/tsc", "--noEmit", "--project", "test"),
    step("Effect diagnostics", bin("effect-tsgo"), "diagnostics", "--project", "tsconfig.json", "--strict"),
    step(
      "Effect diagnostics of the command line",
      bin("effect-tsgo"),
      "diagnostics",
      "--project",
      "src/cli/tsconfig.json",
      "--strict"
    ),
    step("deno check", bin("deno"), "task", "check"),
    // --no-check: types have their own step; slow types are found all the same
    step("deno publish, dry run", bin("deno"), "publish", "--dry-run", "--no-check", "--allow-dirty"),
    nodeStep("size", "test/packaging/size.ts")
  ],
  [vitest()],
  [conformance("auth"), conformance("sql")],
  ...(missing === undefined
    ? [[vitest("postgres", embedded)], [conformance("auth", "postgres"), conformance("sql", "postgres")]]
    : [])
]

/** Variables of the developer's own, CARTO_API_KEY above all, must not decide what is tested; npm needs those of their network. */
const environment: Readonly<Record<string, string>> = {
  ...networkVariables,
  PATH: [dirname(bin("node")), process.env["PATH"] ?? ""].join(delimiter),
  HOME: process.env["HOME"] ?? root,
  CI: "true",
  NO_COLOR: "1"
}

const runStep = Effect.fnUntraced(function* ({ args, command, count, env, name }: Step) {
  const started = yield* Clock.currentTimeMillis
  const finished = yield* run(command, args, { env: { ...environment, ...env } })
  const seconds = (((yield* Clock.currentTimeMillis) - started) / 1000).toFixed(1)
  const ended = finished.exitCode === 0
  const one: Summary = { passed: ended ? 1 : 0, failed: ended ? 0 : 1, skipped: 0 }
  const counted = count === undefined ? one : yield* Effect.orElseSucceed(count(finished), () => one)
  // a step that ends badly has failed, whatever it counts
  const summary = { ...counted, failed: Math.max(counted.failed, ended ? 0 : 1) }
  const { failed, passed, skipped } = summary
  yield* Console.log(
    `${failed === 0 ? "ok  " : "FAIL"} ${name}${count === undefined ? "" : `: ${passed} passed, ${failed} failed, ${skipped} skipped`} (${seconds} s)`
  )
  if (failed > 0) yield* Console.log(finished.stdout + finished.stderr)
  return summary
})

const all = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-" })
  const vitestOf = (database: Kind = "pglite", filters?: ReadonlyArray<string>) =>
    vitest(join(folder, `${database}.json`), files, database, filters)
  const summaries = yield* Effect.forEach(stages(vitestOf), (steps) =>
    Effect.forEach(steps, runStep, { concurrency: 2 })
  )
  if (missing !== undefined) yield* Console.log(`skip everything on a PostgreSQL server: ${missing}`)
  const total = (key: keyof Summary): number => summaries.flat().reduce((sum, summary) => sum + summary[key], 0)
  yield* Console.log(`${total("passed")} passed, ${total("failed")} failed, ${total("skipped")} skipped`)
  return total("failed") === 0 ? 0 : 1
}).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

process.exitCode = await Effect.runPromise(all)
