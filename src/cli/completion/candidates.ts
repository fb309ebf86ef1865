/** What the last word of a command line can become, by the tree of commands. */
import type { ArgumentDescriptor, CommandDescriptor, FlagDescriptor } from "effect/cli/Completions"

/** Names that only the account or the profiles know. */
export type NameKind = "keys" | "profiles" | "tables"

export interface Candidates {
  readonly words: ReadonlyArray<string>
  readonly names: NameKind | undefined
}

const none: Candidates = { words: [], names: undefined }

/** The names that a flag or an argument takes, by what it is called. */
const namesOf = (path: ReadonlyArray<string>, called: string): NameKind | undefined => {
  if (called === "profile") return "profiles"
  if (called === "table" || called === "source") return "tables"
  if (called !== "name" && called !== "names") return undefined
  if (path[0] === "profiles") return "profiles"
  return path[0] === "keys" && path[1] !== "create" ? "keys" : undefined
}

const valuesOf = (path: ReadonlyArray<string>, { name, type }: ArgumentDescriptor | FlagDescriptor): Candidates =>
  type._tag === "Choice" ? { words: type.values, names: undefined } : { words: [], names: namesOf(path, name) }

/** `words` are those after the name of the program; the last one is being typed. */
export const candidates = (
  root: CommandDescriptor,
  globals: ReadonlyArray<FlagDescriptor>,
  words: ReadonlyArray<string>
): Candidates => {
  let command = root
  const path: Array<string> = []
  let position = 0
  const flagOf = (word: string) =>
    [...command.flags, ...globals].find(
      ({ aliases, name }) => word === `--${name}` || aliases.some((alias) => word === `-${alias.replace(/^-/, "")}`)
    )
  let pending: FlagDescriptor | undefined
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) {
      pending = undefined
      continue
    }
    if (word === "--") return none
    if (word.startsWith("-")) {
      const flag = flagOf(word)
      pending = flag === undefined || flag.type._tag === "Boolean" ? undefined : flag
      continue
    }
    const inner = command.subcommands.find(({ name }) => name === word)
    if (inner === undefined) position += 1
    else {
      command = inner
      path.push(word)
    }
  }
  if (pending !== undefined) return valuesOf(path, pending)
  const last = words.at(-1) ?? ""
  if (last.startsWith("-")) {
    return { words: [...command.flags, ...globals].map(({ name }) => `--${name}`), names: undefined }
  }
  if (command.subcommands.length > 0) return { words: command.subcommands.map(({ name }) => name), names: undefined }
  const argument = command.arguments[position] ?? command.arguments.find(({ variadic }) => variadic)
  return argument === undefined ? none : valuesOf(path, argument)
}
