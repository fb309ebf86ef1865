/** The rules of the rooms of `src/`: what may import what, and how large a room may grow. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { modules } from "./publicModules.ts"

const src = fileURLToPath(new URL("../../src", import.meta.url))

/** Each room and the rooms that it may import. The room of the files beside the folders is the empty name. */
const layers: Readonly<Record<string, ReadonlyArray<string>>> = {
  errors: [],
  account: ["errors"],
  http: ["errors", "account"],
  sql: ["errors", "account", "http"],
  keys: ["errors", "account", "http", "sql"],
  "rate-limit": ["errors", "account", "http"],
  "": ["errors", "account", "http", "sql", "keys"],
  runtime: ["errors", "account", "http", ""],
  promise: ["errors", "account", "http", "sql", "keys"],
  emulator: ["account"],
  testing: ["errors", "account", "http", "sql", "keys", "promise", "emulator", ""],
  cli: ["errors", "account", "http", "sql", "keys", "rate-limit", "emulator", ""]
}

/** Folders and files below an `internal/` that other rooms may import too. */
const shared: Readonly<Record<string, ReadonlyArray<string>>> = {
  "errors/internal": Object.keys(layers),
  "account/internal": ["http", "runtime", "promise"],
  "sql/internal/classifyError.ts": ["keys"],
  "sql/internal/compile.ts": ["keys", "testing"],
  "sql/internal/lexer.ts": ["keys", "cli"],
  "sql/internal/identifier.ts": ["keys"],
  "sql/internal/literal.ts": ["keys"],
  "sql/internal/responses.ts": ["keys"]
}

const maxLines = 300
const maxFiles = 15

interface Import {
  readonly from: string
  readonly to: string
}

const files: ReadonlyArray<string> = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => relative(src, join(entry.parentPath, entry.name)))
  .toSorted()

const read = (file: string): string => readFileSync(join(src, file), "utf8")

const imports: ReadonlyArray<Import> = files.flatMap((from) =>
  [...read(from).matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path = ""]) => ({
    from,
    to: join(dirname(from), path)
  }))
)

const room = (file: string): string => (file.includes("/") ? (file.split("/")[0] ?? "") : "")

/** The folder that an `internal/` belongs to; undefined if the file is not below one. */
const ownerOfInternal = (file: string): string | undefined => /^(.*?)\/internal\//.exec(file)?.[1]

const isShared = ({ from, to }: Import): boolean =>
  Object.entries(shared).some(
    ([path, rooms]) => (to === path || to.startsWith(`${path}/`)) && rooms.includes(room(from))
  )

const shown = ({ from, to }: Import): string => `${from} -> ${to}`

const isAllowed = ({ from, to }: Import): boolean =>
  room(from) === room(to) || (layers[room(from)] ?? []).includes(room(to))

const opensInternal = (one: Import): boolean => {
  const owner = ownerOfInternal(one.to)
  return owner !== undefined && !one.from.startsWith(`${owner}/`) && !isShared(one)
}

const upward = imports.filter((one) => !isAllowed(one)).map(shown)
const internal = imports.filter(opensInternal).map(shown)

const folders = Map.groupBy(files, (file) => dirname(file))
const wide = [...folders].filter(([, names]) => names.length > maxFiles).map(([folder]) => folder)
const long = files.filter((file) => room(file) !== "emulator" && read(file).trimEnd().split("\n").length > maxLines)

/** The public modules and the files that they export again. */
const published = new Set(modules.map(({ source }) => `${source}.ts`))
for (const file of published) {
  for (const [, path = ""] of read(file).matchAll(/^export [^;=]*? from "(\.[^"]+)"/gm))
    published.add(join(dirname(file), path))
}

describe("the rooms of src", () => {
  it("are all listed with what they may import", () => {
    assert.sameMembers([...new Set(files.map(room))], Object.keys(layers))
  })

  it("import only rooms below them", () => {
    assert.deepStrictEqual(upward, [])
  })

  it("import the internals of another folder only if these are listed as shared", () => {
    assert.deepStrictEqual(internal, [])
  })

  it("share only internals that exist", () => {
    for (const path of Object.keys(shared)) assert.isTrue(existsSync(join(src, path)), path)
  })

  it(`hold at most ${maxFiles} files side by side`, () => {
    assert.deepStrictEqual(wide, [])
  })

  it(`hold files of at most ${maxLines} lines outside of the emulator`, () => {
    assert.deepStrictEqual(long, [])
  })

  it("name modules that users import in PascalCase, and all others in camelCase", () => {
    const named = modules.filter(
      ({ path, source }) => path !== "." && !/\/index$|^(?:promise|runtime|testing)\//.test(source)
    )
    const pascal = named.map(({ source }) => `${source}.ts`)
    assert.deepStrictEqual(
      pascal.filter((file) => !/^[A-Z]/.test(basename(file))),
      []
    )
    const others = files.filter((file) => !published.has(file) && /^[A-Z]/.test(basename(file)))
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual(others, [])
  })
})
