/** The code blocks of README and the guides. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../runtimes/commands.ts"

export interface Block {
  readonly page: string
  /** The line of the page where the block begins. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** What the page says that the block prints. */
  readonly output: string | undefined
}

export const pages: ReadonlyArray<string> = [
  "README.md",
  "examples/README.md",
  ...readdirSync(join(root, "src"))
    .map((room) => `src/${room}/README.md`)
    .filter((page) => existsSync(join(root, page)))
]

/** A block of code, and the block of its output if it follows, with no more than "It prints:" between them. */
const fenced = /^```(\w+)\n([^]*?)^```\n(?:\n(?:It prints:\n\n)?```\n([^]*?)^```\n)?/gm

export const blocksOf = (page: string): ReadonlyArray<Block> => {
  const text = readFileSync(join(root, page), "utf8")
  return [...text.matchAll(fenced)].map(({ 1: language = "", 2: code = "", 3: output, index }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    language,
    code,
    output
  }))
}

export const blocks: ReadonlyArray<Block> = pages.flatMap(blocksOf)
