/** The results of the cases as text. */
import { type Mode, modes, type Problem, problemKinds } from "./Case.ts"
import type { Entry } from "./matrix.ts"
import { knownFailures } from "./peers.ts"

const plural = (count: number, kind: Problem["kind"]): string => `${count} ${kind}${count === 1 ? "" : "s"}`

/** How many problems there are of each kind. */
export const summary = (problems: ReadonlyArray<Problem>): string =>
  problemKinds.map((kind) => plural(problems.filter((problem) => problem.kind === kind).length, kind)).join(", ")

/** `ApiKeyManager.get .list, Sql.query`: methods of one service stand together. */
const names = (entries: ReadonlyArray<Entry>): string =>
  [...Map.groupBy(entries, ({ operation }) => operation.name.split(".")[0] ?? "")]
    .map(([service, of]) => `${service} ${of.map(({ operation }) => operation.name.slice(service.length)).join("; ")}`)
    .join(", ")

const lines = (mode: Mode, entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  [...Map.groupBy(entries, ({ result }) => result.outcome)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([outcome, of], index) => `    ${(index === 0 ? mode : "").padEnd(7)} ${outcome.padEnd(20)} ${names(of)}`)

/** Fault by fault: how each operation ended, where the fault is over after one request and where it is not. */
export const table = (entries: ReadonlyArray<Entry>): string =>
  [...Map.groupBy(entries, ({ fault }) => fault)]
    .flatMap(([fault, of]) => {
      if (fault === undefined) return []
      const { cartodb, python } = knownFailures(fault)
      const peers = [
        ...(python === undefined ? [] : [`Python client: ${python}`]),
        ...(cartodb === undefined ? [] : [`cartodb: ${cartodb}`])
      ]
      return [
        `${fault.name}${peers.length === 0 ? "" : `    [${peers.join("; ")}]`}`,
        ...modes.flatMap((mode) =>
          lines(
            mode,
            of.filter((entry) => entry.mode === mode)
          )
        )
      ]
    })
    .join("\n")

/** A row a fault, a column an operation: how it ended once the fault was over, and where it never was. */
export const csv = (entries: ReadonlyArray<Entry>): string => {
  const operations = [...new Set(entries.map(({ operation }) => operation.name))]
  const faults = [...new Set(entries.flatMap(({ fault }) => (fault === undefined ? [] : [fault.name])))]
  const outcomes = new Map(
    entries.map(({ fault, mode, operation, result }) => [`${fault?.name}\n${operation.name}\n${mode}`, result.outcome])
  )
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const row = (cells: ReadonlyArray<string>): string => cells.map(quote).join(",")
  return [
    row(["fault", ...operations]),
    ...faults.map((fault) =>
      row([
        fault,
        ...operations.map((operation) =>
          modes.flatMap((mode) => outcomes.get(`${fault}\n${operation}\n${mode}`) ?? []).join(" / ")
        )
      ])
    )
  ].join("\n")
}

/** Each problem, with where to find it again. */
export const problems = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.flatMap(({ fault, mode, operation, result }) =>
    [...Map.groupBy(result.problems, ({ description, kind }) => `${kind}: ${description}`)].map(
      ([problem, of]) =>
        `${operation.name}, ${fault?.name ?? "no fault"}, ${mode}, ends with ${result.outcome}: ${problem}${of.length > 1 ? ` (${of.length} times)` : ""}`
    )
  )
