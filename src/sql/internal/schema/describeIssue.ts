import type * as SchemaIssue from "effect/SchemaIssue"

const annotation = (annotations: object | undefined): string | undefined => {
  const { expected, message }: { readonly expected?: unknown; readonly message?: unknown } = annotations ?? {}
  return typeof message === "string" ? message : typeof expected === "string" ? `expected ${expected}` : undefined
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
  const own = "ast" in issue ? (annotation(issue.ast.annotations) ?? `expected ${issue.ast._tag}`) : undefined
  const given = "annotations" in issue ? annotation(issue.annotations) : undefined
  const message = said ?? given ?? (issue._tag === "MissingKey" ? "it is missing" : (own ?? issue._tag))
  return path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`
}
