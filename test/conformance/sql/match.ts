/** Compares a response with the expectation of a case of the SQL API. */

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const wholeText = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, "s")

const print = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

const matchText = (matcher: string, actual: unknown): boolean => {
  switch (matcher) {
    case "<any>":
      return true
    case "<number>":
      return typeof actual === "number"
    case "<string>":
      return typeof actual === "string"
    case "<object>":
      return isObject(actual)
    case "<uuid>":
      return typeof actual === "string" && uuid.test(actual)
    case "<iso>":
      return typeof actual === "string" && iso.test(actual)
    default: {
      const pattern = /^<re:(.*)>$/s.exec(matcher)?.[1]
      if (pattern !== undefined) return typeof actual === "string" && wholeText(pattern).test(actual)
      return matcher === actual
    }
  }
}

/** What is wrong with a value, or `undefined`. Strings of the expectation are matchers unless `exact`. */
export const difference = (expected: unknown, actual: unknown, exact: boolean, path = "body"): string | undefined => {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      return `${path}: expected ${print(expected)}, got ${print(actual)}`
    }
    for (const [index, item] of expected.entries()) {
      const found = difference(item, actual[index], exact, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isObject(expected)) {
    if (!isObject(actual)) return `${path}: expected an object, got ${print(actual)}`
    const extra = Object.keys(actual).find((key) => !Object.hasOwn(expected, key))
    if (extra !== undefined) return `${path}: unexpected member ${extra} = ${print(actual[extra])}`
    for (const [key, value] of Object.entries(expected)) {
      if (!Object.hasOwn(actual, key)) return `${path}: member ${key} is missing`
      const found = difference(value, actual[key], exact, `${path}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  const same = typeof expected === "string" && !exact ? matchText(expected, actual) : expected === actual
  return same ? undefined : `${path}: expected ${print(expected)}, got ${print(actual)}`
}

export interface Expectation {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | null>>
  readonly body?: unknown
  readonly bodyShape?: unknown
  readonly bodyText?: string
  readonly bodyContains?: string
  readonly bodyMatches?: string
  readonly bodyStartsWithHex?: string
  readonly bodyBase64?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return `not JSON: ${text.slice(0, 300)}`
  }
}

const bodyProblem = (expect: Expectation, body: Buffer): string | undefined => {
  const text = body.toString("utf8")
  if (Object.hasOwn(expect, "body")) return difference(expect.body, parsed(text), true)
  if (Object.hasOwn(expect, "bodyShape")) return difference(expect.bodyShape, parsed(text), false)
  if (expect.bodyText !== undefined && expect.bodyText !== text) {
    return `text: expected ${print(expect.bodyText)}, got ${print(text)}`
  }
  if (expect.bodyContains !== undefined && !text.includes(expect.bodyContains)) {
    return `text: expected ${print(expect.bodyContains)} in ${print(text)}`
  }
  if (expect.bodyMatches !== undefined && !wholeText(expect.bodyMatches).test(text)) {
    return `text: expected ${expect.bodyMatches.slice(0, 300)}, got ${print(text)}`
  }
  if (expect.bodyStartsWithHex !== undefined && !body.toString("hex").startsWith(expect.bodyStartsWithHex)) {
    return `bytes: expected ${expect.bodyStartsWithHex}…, got ${body.toString("hex").slice(0, 60)}`
  }
  if (expect.bodyBase64 !== undefined && expect.bodyBase64 !== body.toString("base64")) {
    return `bytes: expected ${expect.bodyBase64}, got ${body.toString("base64").slice(0, 300)}`
  }
  return undefined
}

/** What is wrong with an answer, or `undefined`. */
export const problem = (expect: Expectation, answer: Answer): string | undefined => {
  if (expect.status !== undefined && expect.status !== answer.status) {
    return `status: expected ${expect.status}, got ${answer.status} ${print(answer.body.toString("utf8"))}`
  }
  for (const [name, expected] of Object.entries(expect.headers ?? {})) {
    const actual = answer.headers[name]
    const same = expected === null ? actual === undefined : matchText(expected, actual)
    if (!same) return `header ${name}: expected ${print(expected)}, got ${print(actual)}`
  }
  return bodyProblem(expect, answer.body)
}
