/** Compares this tree with a worktree of a commit, by the benchmark of this tree, in turn. */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import process from "node:process"
import { networkVariables, root, run } from "../../runtimes/commands.ts"
import { median } from "./median.ts"
import { digits, markdownTable } from "./render.ts"
import { type Quantity, Report, type Table } from "./Report.ts"

const rounds = 3

/** A change by more than this share of the value is marked. */
const tolerance = 0.1

class CommandFailed extends Data.TaggedError("CommandFailed")<{ readonly message: string }> {}

const succeed = Effect.fnUntraced(function* (command: string, args: ReadonlyArray<string>, cwd: string) {
  const { HOME = root, PATH = "" } = process.env
  const { exitCode, stderr, stdout } = yield* run(command, args, { cwd, env: { ...networkVariables, HOME, PATH } })
  if (exitCode !== 0) {
    return yield* new CommandFailed({ message: `${command} ${args.join(" ")} in ${cwd} failed:\n${stderr}` })
  }
  return stdout
})

/** A worktree of the commit with the packages and the benchmarks of this tree. */
const worktree = Effect.fnUntraced(function* (ref: string) {
  const files = yield* FileSystem.FileSystem
  const folder = join(yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-bench-" }), "tree")
  yield* Effect.acquireRelease(succeed("git", ["worktree", "add", "--detach", folder, ref], root), () =>
    Effect.ignore(succeed("git", ["worktree", "remove", "--force", folder], root))
  )
  yield* files.symlink(join(root, "node_modules"), join(folder, "node_modules"))
  for (const part of ["test/bench", "test/runtimes", "test/support"]) {
    yield* files.remove(join(folder, part), { recursive: true, force: true })
    yield* files.copy(join(root, part), join(folder, part))
  }
  return folder
})

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Report))

const measure = (tree: string, name: string) =>
  Effect.flatMap(succeed(process.execPath, ["test/bench/run.ts", name, "--json"], tree), decode)

/** The value of a cell in one report: its ratio to the baseline if the table has one, since that depends less on the machine. */
const valueOf = (table: Table | undefined, row: string, column: string): number | undefined => {
  const cellOf = (name: string | undefined): Quantity | undefined =>
    table?.rows.find((one) => one.name === name)?.cells[column]
  const cell = cellOf(row)
  if (cell === undefined) return undefined
  const value = median(cell.values)
  const baseline = cellOf(table?.baseline)
  return baseline === undefined || table?.baseline === row ? value : value / median(baseline.values)
}

const mark = (change: number, lessIsBetter: boolean): string => {
  const worse = lessIsBetter ? change : -change
  if (worse > tolerance) return "WORSE"
  return worse < -tolerance ? "better" : ""
}

/** A table of each quantity before and now. */
export const compare = (before: ReadonlyArray<Report>, now: ReadonlyArray<Report>): string => {
  const found = (reports: ReadonlyArray<Report>, title: string, row: string, column: string) =>
    reports.flatMap(
      ({ tables }) =>
        valueOf(
          tables.find((table) => table.title === title),
          row,
          column
        ) ?? []
    )
  const lines = (now[0]?.tables ?? []).flatMap(({ baseline, rows, title }) =>
    rows.flatMap(({ cells, name }) =>
      Object.entries(cells).flatMap(([column, { lessIsBetter, unit }]) => {
        const [then, today] = [before, now].map((reports) => found(reports, title, name, column))
        if (then === undefined || today === undefined || then.length === 0 || today.length === 0) return []
        const change = median(today) / median(then) - 1
        const isRatio = baseline !== undefined && baseline !== name
        const shown = (values: ReadonlyArray<number>) => `${digits(median(values))} ${isRatio ? `× ${baseline}` : unit}`
        const percent = `${change > 0 ? "+" : ""}${Math.round(change * 100)} %`
        return [[`${title}: ${name}`, column, shown(then), shown(today), percent, mark(change, lessIsBetter)]]
      })
    )
  )
  return markdownTable([["", "", "before", "now", "change", ""], ...lines])
}

/** Prints each quantity before and now, and marks what got worse or better by more than 10 %. */
export const compareWith = (name: string, ref: string) =>
  Effect.gen(function* () {
    const tree = yield* worktree(ref)
    const [before, now]: [Array<Report>, Array<Report>] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      before.push(yield* measure(tree, name))
      now.push(yield* measure(root, name))
    }
    yield* Console.log(`${name}, before (${ref}) and now, medians of ${rounds} runs in turn\n\n${compare(before, now)}`)
    return 0
  }).pipe(
    Effect.scoped,
    Effect.catchTag("CommandFailed", ({ message }) => Effect.as(Console.error(message), 1))
  )
