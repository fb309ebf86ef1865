/** The parameters of a request, merged from its query string and its body. The body takes precedence. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isDeeper } from "../shared/nesting.ts"
import * as RequestBody from "../http/requestBody.ts"
import { ApiError, badRequest } from "./apiError.ts"
import { maximumDepth, syntaxError } from "./jsonSyntax.ts"

/** Parameters by name. A value is text, a list of text if the name is repeated, or any value of a JSON body. */
export type Parameters = Readonly<Record<string, unknown>>

/** `name[]`, `name[0]` and `name[member]`. */
const bracketed = /^([^[]+)\[([^\]]*)\]/

const add = (into: Record<string, unknown>, name: string, value: string): void => {
  const [, outer, member] = bracketed.exec(name) ?? []
  const key = outer ?? name
  const isList = member !== undefined && /^\d*$/.test(member)
  const item = member === undefined || isList ? value : { [member]: value }
  const before = into[key]
  if (before === undefined) into[key] = isList ? [item] : item
  else into[key] = Array.isArray(before) ? [...before, item] : [before, item]
}

/** A parameter with several brackets in its name, while it is built: members by name or index. */
type Tree = Map<string, string | Tree>

/** Maximum number of nested brackets, as on the real server. */
const mostBrackets = 5

const pathOf = (name: string): ReadonlyArray<string> => {
  const start = name.indexOf("[")
  const brackets = start <= 0 ? [] : [...name.slice(start).matchAll(/\[([^[\]]*)\]/g)].slice(0, mostBrackets)
  return start <= 0 ? [name] : [name.slice(0, start), ...brackets.map(([, member = ""]) => member)]
}

const put = (tree: Tree, [member = "", ...rest]: ReadonlyArray<string>, value: string): void => {
  const key = member === "" ? String(tree.size) : member
  if (rest.length === 0) return void tree.set(key, value)
  const known = tree.get(key)
  const child: Tree = known instanceof Map ? known : new Map<string, string | Tree>()
  tree.set(key, child)
  put(child, rest, value)
}

const plain = (tree: Tree): unknown => {
  const members = [...tree].map(([name, value]) => [name, value instanceof Map ? plain(value) : value] as const)
  if (members.length > 0 && members.every(([name]) => /^\d+$/.test(name))) return members.map(([, value]) => value)
  return Object.fromEntries(members)
}

const collect = (pairs: Iterable<readonly [string, string]>): Parameters => {
  const all: Record<string, unknown> = Object.create(null)
  const named = Array.from(pairs, ([name, value]) => ({ name, path: pathOf(name), value }))
  const nested = new Map(named.filter(({ path }) => path.length > 2).map(({ path }) => [path[0] ?? "", new Map()]))
  for (const { name, path, value } of named) {
    const tree: Tree | undefined = nested.get(path[0] ?? "")
    if (tree === undefined || path.length < 2) add(all, name, value)
    else put(tree, path.slice(1), value)
  }
  for (const [name, tree] of nested) all[name] = plain(tree)
  return all
}

/** Decodes percent-encoded text. Text with one invalid escape or invalid UTF-8 stays encoded as a whole. */
const decode = (text: string): string => {
  const spaced = text.replaceAll("+", " ")
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

const mostParameters = 1000

const pairOf = (part: string): readonly [string, string] => {
  const afterBracket = part.indexOf("]=")
  const equals = afterBracket < 0 ? part.indexOf("=") : afterBracket + 1
  return equals < 0 ? [decode(part), ""] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))]
}

/** Parses the parameters of a query string or a form. */
export const parseForm = (text: string): Parameters =>
  collect(
    text
      .replace(/^\?/, "")
      .split("&", mostParameters)
      .map(pairOf)
      .filter(([name]) => name !== "")
  )

const unreadable = {
  BodyAborted: () => Effect.fail(badRequest("request aborted")),
  BodyTooLarge: () => Effect.fail(new ApiError({ status: 413, message: "Payload Too Large" }))
}

const readText = (request: Request): Effect.Effect<string, ApiError> =>
  Effect.catchTags(RequestBody.readText(request), unreadable)

const parseJson = (text: string): Effect.Effect<Parameters, ApiError> =>
  text === ""
    ? Effect.succeed({})
    : Effect.try({
        try: (): unknown => JSON.parse(text),
        catch: () => badRequest(syntaxError(text))
      }).pipe(
        Effect.filterOrFail(
          (value) => !isDeeper(value, maximumDepth),
          () => badRequest(syntaxError(text))
        ),
        Effect.map((value) => (Predicate.isReadonlyObject(value) ? { ...value } : {}))
      )

const readMultipart = (request: Request): Effect.Effect<Parameters, ApiError> =>
  RequestBody.readForm(request).pipe(
    Effect.catchTags({ ...unreadable, MalformedForm: () => Effect.fail(badRequest("Unexpected end of form")) }),
    Effect.flatMap((form) => {
      const pairs: Array<readonly [string, string]> = []
      for (const [name, value] of form.entries()) {
        if (typeof value !== "string") return Effect.fail(badRequest("Unexpected field"))
        pairs.push([name, value])
      }
      return Effect.succeed(collect(pairs))
    })
  )

/**
 * Reads the parameters in the body: a form, JSON, or the text fields of a multipart form. Any other body is ignored.
 */
export const readBody = (request: Request): Effect.Effect<Parameters, ApiError> => {
  if (request.method === "GET" || request.method === "HEAD" || request.body === null) return Effect.succeed({})
  switch (request.headers.get("content-type")?.split(";")[0]) {
    case "application/x-www-form-urlencoded":
      return Effect.map(readText(request), parseForm)
    case "application/json":
      return Effect.flatMap(readText(request), parseJson)
    case "multipart/form-data":
      return readMultipart(request)
    default:
      return Effect.succeed({})
  }
}

/** Returns a parameter if it is text. */
export const text = (parameters: Parameters, name: string): string | undefined => {
  const value = parameters[name]
  return typeof value === "string" ? value : undefined
}
