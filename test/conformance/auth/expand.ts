/** The placeholders of the case format. */
import type * as Schema from "effect/Schema"

/** What placeholders stand for. */
export interface Bindings {
  /** Token of a user's Master key in the given state. */
  readonly master: (username: string | undefined) => string
  /** Token of a key in the given state: `KEY` or `USER/KEY`. */
  readonly token: (key: string) => string
  readonly role: (key: string) => string
  readonly accountRole: () => string
  /** Bodies of the responses so far: the main one first. */
  readonly responses: ReadonlyArray<Schema.Json | undefined>
}

const at = (value: Schema.Json | undefined, path: string): string => {
  let current: unknown = value
  for (const name of path.split(".")) {
    current = typeof current === "object" && current !== null ? Reflect.get(current, name) : undefined
  }
  if (current === undefined) throw new Error(`no value at ${path} of a response`)
  return typeof current === "string" ? current : JSON.stringify(current)
}

const resolve = (expression: string, bindings: Bindings): string => {
  const separator = expression.indexOf(":")
  const name = separator < 0 ? expression : expression.slice(0, separator)
  const argument = separator < 0 ? undefined : expression.slice(separator + 1)
  const response = /^r(\d+)$/.exec(name)
  if (response !== null) return at(bindings.responses[Number(response[1])], argument ?? "")
  switch (name) {
    case "master":
      return bindings.master(argument)
    case "token":
      return bindings.token(argument ?? "")
    case "role":
      return bindings.role(argument ?? "")
    case "accountRole":
      return bindings.accountRole()
    case "b64":
      return Buffer.from(argument ?? "").toString("base64")
    default:
      throw new Error(`unknown placeholder \${${expression}}`)
  }
}

const innermost = /\$\{((?:(?!\$\{)[^}])*)\}/

/** Replaces the placeholders in a text, inner ones first. */
export const expand = (text: string, bindings: Bindings): string => {
  let expanded = text
  for (let found = innermost.exec(expanded); found !== null; found = innermost.exec(expanded)) {
    const value = resolve(found[1] ?? "", bindings)
    expanded = `${expanded.slice(0, found.index)}${value}${expanded.slice(found.index + found[0].length)}`
  }
  return expanded
}

/** Replaces the placeholders in all texts of a value. */
export const expandJson = (value: Schema.Json, bindings: Bindings): Schema.Json => {
  if (typeof value === "string") return expand(value, bindings)
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((item) => expandJson(item, bindings))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [expand(name, bindings), expandJson(member, bindings)])
  )
}
