/**
 * `npm run exports`: writes what follows from `publicModules.ts` and package.json's peers into package.json, deno.json and
 * README.md. With `--check` it writes nothing, and fails if a file differs.
 */
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { modules, rooms } from "./publicModules.ts"

const at = (file: string): URL => new URL(`../../${file}`, import.meta.url)

const read = (file: string): string => readFileSync(at(file), "utf8")

const subpath = (path: string): string => (path === "." ? "." : `./${path}`)

const npmExports = {
  "./package.json": "./package.json",
  ...Object.fromEntries(
    modules.map(({ path, source }) => [
      subpath(path),
      {
        "@effect-carto/source": `./src/${source}.ts`,
        types: `./dist/${source}.d.ts`,
        default: `./dist/${source}.js`
      }
    ])
  )
}

const sources = modules.map(({ path, source }) => [path, `./src/${source}.ts`] as const)

/** Deno does not read ranges of two bounds: such a peer gets the version that the tests run with. */
const denoRange = (range: string, tested: string): string => (/\s/.test(range) ? tested : range)

/** A package whose modules are imported one by one needs an entry that ends with a slash. */
const specifiers = (name: string, range: string): ReadonlyArray<readonly [string, string]> => {
  const whole = [name, `npm:${name}@${range}`] as const
  const parts = [`${name}/`, `npm:/${name}@${range}/`] as const
  if (name === "effect") return [whole, parts]
  return name.startsWith("@effect/") ? [parts] : [whole]
}

const manifest = JSON.parse(read("package.json"))
const peers: Readonly<Record<string, string>> = manifest.peerDependencies
const denoImports = Object.fromEntries([
  ...sources.map(([path, source]) => [path === "." ? "effect-carto" : `effect-carto/${path}`, source] as const),
  ...Object.entries(peers).flatMap(([name, range]) =>
    specifiers(name, denoRange(range, manifest.devDependencies[name] ?? range))
  )
])

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>, fill: string) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`
  const [first = "", ...rest] = rows.map((row) => line(row, " "))
  return [
    first,
    line(
      head.map(() => ""),
      "-"
    ),
    ...rest
  ].join("\n")
}

const rootName = (path: string): string => (path === "." ? "`effect-carto`" : `\`${path}\``)

const modulesTable = table([
  ["guide", "modules (`effect-carto/…`)"],
  ...rooms.map(({ guide, modules: those, title }) => [
    `[${title}](${guide})`,
    those.map(({ path }) => rootName(path)).join(", ")
  ])
])

/** A text with other lines between its two markers. */
const between = (text: string, lines: string): string => {
  const [before, rest = ""] = text.split("<!-- modules -->\n")
  const [, after] = rest.split("<!-- end of modules -->")
  if (after === undefined) throw new Error("README.md lacks the markers of the table of modules")
  return `${before}<!-- modules -->\n\n${lines}\n\n<!-- end of modules -->${after}`
}

const denoExports = Object.fromEntries(sources.map(([path, source]) => [subpath(path), source]))

/** The text of a JSON file with some of its fields replaced; the same text if nothing in it changes. */
const withFields = (file: string, fields: object): string => {
  const text = read(file)
  const before = JSON.parse(text)
  const after = { ...before, ...fields }
  return JSON.stringify(before) === JSON.stringify(after) ? text : `${JSON.stringify(after, undefined, 2)}\n`
}

const { license, version } = manifest
const files = {
  "package.json": withFields("package.json", { exports: npmExports }),
  "deno.json": withFields("deno.json", { version, license, exports: denoExports, imports: denoImports }),
  "README.md": between(read("README.md"), modulesTable)
}

const stale = Object.entries(files).filter(([file, text]) => text !== read(file))
if (process.argv.includes("--check")) {
  for (const [file] of stale) console.error(`${file} differs from test/packaging/publicModules.ts: npm run exports`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [file, text] of stale) writeFileSync(at(file), text)
}
