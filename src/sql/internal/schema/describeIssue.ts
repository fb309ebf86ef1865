import type * as SchemaAST from "effect/SchemaAST"
import type * as SchemaIssue from "effect/SchemaIssue"

const annotation = (annotations: object | undefined): string | undefined => {
  const { expected, message }: { readonly expected?: unknown; readonly message?: unknown } = annotations ?? {}
  return typeof message === "string" ? message : typeof expected === "string" ? `expected ${expected}` : undefined
}

const typeName = (ast: SchemaAST.AST): string => {
  switch (ast._tag) {
    case "Arrays":
      return "an array"
    case "Objects":
      return "an object"
    case "Literal":
      return typeof ast.literal === "string" ? JSON.stringify(ast.literal) : String(ast.literal)
    case "Union":
      return ast.types.map((type) => annotated(type) ?? typeName(type)).join(" or ")
    default:
      return ast._tag
  }
}

const annotated = (ast: SchemaAST.AST): string | undefined => annotation(ast.annotations)?.replace(/^expected /, "")

const unknownKey = (ast: SchemaAST.AST): string => {
  const known = ast._tag === "Objects" ? ast.propertySignatures.map(({ name }) => String(name)) : []
  return `it is not a known property; known are ${known.join(", ")}`
}

/**
 * The first thing that is wrong, and where: `at.year: expected Number`. Schema's own formatter says more, but would add as
 * much to a Worker's bundle as all of `Grants`.
 */
export const describeIssue = (
  issue: SchemaIssue.Issue,
  path: ReadonlyArray<PropertyKey> = [],
  said?: string
): string => {
  switch (issue._tag) {
    case "Pointer":
      return describeIssue(issue.issue, [...path, ...issue.path], said)
    case "Filter":
      return describeIssue(issue.issue, path, said ?? annotation(issue.filter.annotations))
    case "Encoding":
      return describeIssue(issue.issue, path, said)
  }
  const first = "issues" in issue ? issue.issues[0] : undefined
  if (first !== undefined) return describeIssue(first, path, said)
  if (issue._tag === "UnexpectedKey") said ??= unknownKey(issue.ast)
  const own = "ast" in issue ? (annotation(issue.ast.annotations) ?? `expected ${typeName(issue.ast)}`) : undefined
  const given = "annotations" in issue ? annotation(issue.annotations) : undefined
  const message = said ?? given ?? (issue._tag === "MissingKey" ? "it is missing" : (own ?? issue._tag))
  return path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`
}
