/** The tables of `src/errors/README.md`, made from the reasons' sources and the lists of this folder. `UPDATE_GUIDE=1` writes them. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import * as lists from "./reasonLists.ts"

const at = (path: string): URL => new URL(`../../src/errors/${path}`, import.meta.url)

interface Documented {
  readonly tag: string
  readonly doc: string
  readonly retryable: string
}

/** Every reason with its doc comment, in the order of the source. */
const documented: ReadonlyArray<Documented> = readdirSync(at("."))
  .filter((name) => name.endsWith(".ts") && name !== "CartoError.ts")
  .flatMap((name) => {
    const source = readFileSync(at(name), "utf8")
    return [...source.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport class (\w+) extends \2Base/g)].map(
      ([, doc = "", tag = ""]) => {
        const [, base = ""] = source.split(`const ${tag}Base`)
        const [definition = ""] = base.split("\n/**\n").join("\n/** ").split(`export class ${tag}`)
        return {
          tag,
          doc: doc.replaceAll(/\s*\n\s*\*\s?/g, " ").trim(),
          retryable: /\(\) => true/.test(definition)
            ? "yes"
            : definition.includes("status !== 500")
              ? "yes, except 500 and 501"
              : "no"
        }
      }
    )
  })

const code = (tags: ReadonlyArray<string>): string => tags.map((tag) => `\`${tag}\``).join(" ")
const tagsOf = (list: object, without: object = {}): ReadonlyArray<string> =>
  Object.keys(list).filter((tag) => !(tag in without))

/** The reasons of a method, besides those of every call. */
const column = (list: object): string => {
  const has = (group: object) => tagsOf(group).every((tag) => tag in list)
  const groups = [
    ...(has(lists.statement) ? ["_statement_"] : []),
    ...(has(lists.accountOfAnyKey) ? [has(lists.account) ? "_account_" : "_account_, but not `Unauthenticated`"] : [])
  ]
  const own = tagsOf(list, { ...lists.account, ...(has(lists.statement) ? lists.statement : {}) })
  return [...groups, code(own)].filter((part) => part !== "").join(" ")
}

const between = (name: string, text: string) => (readme: string) => {
  const [before = "", rest = ""] = readme.split(`<!-- ${name} -->`)
  const end = rest.indexOf("<!-- end -->")
  assert.isAtLeast(end, 0, name)
  return `${before}<!-- ${name} -->${text}${rest.slice(end)}`
}

const made = (readme: string): string => {
  const reasons = documented.map(({ doc, retryable, tag }) => `| \`${tag}\` | ${doc} | ${retryable} |`)
  const rows = readme.split("\n").map((line) => {
    const [, method = ""] = /^\| `(\w+\.\w+)/.exec(line) ?? []
    const list = Object.entries(lists.methods).find(([name]) => name === method)?.[1]
    const [, call = "", does = ""] = line.split("|")
    return list === undefined ? line : `|${call}|${does}| ${column(list)} |`
  })
  return [
    between("reasons", ["\n", "| reason | when | retryable |", "| --- | --- | --- |", ...reasons, "\n"].join("\n")),
    between("call", code(tagsOf(lists.call))),
    between("account", code(tagsOf(lists.account, lists.call))),
    between("statement", code(tagsOf(lists.statement, lists.call)))
  ].reduce((text, put) => put(text), rows.join("\n"))
}

/** The widths of columns are the formatter's. */
const withoutWidths = (text: string): string =>
  text
    .replaceAll(/-{3,}/g, "---")
    .replaceAll(/ {2,}/g, " ")
    .replaceAll(/\n{3,}/g, "\n\n")

describe("the guide about errors", () => {
  const readme = readFileSync(at("README.md"), "utf8")

  it("has the tables that the sources and lists say", () => {
    if (process.env["UPDATE_GUIDE"] === "1") writeFileSync(at("README.md"), made(readme))
    else assert.strictEqual(withoutWidths(readme), withoutWidths(made(readme)))
  })

  it("has a row for every method of the lists", () => {
    for (const method of Object.keys(lists.methods)) assert.include(readme, `| \`${method}`)
  })

  it("has every reason of the lists", () => {
    const tags = new Set(Object.values(lists.methods).flatMap((list) => Object.keys(list)))
    const known = new Set(documented.map(({ tag }) => tag))
    assert.deepStrictEqual(
      [...tags].filter((tag) => !known.has(tag)),
      []
    )
  })
})
