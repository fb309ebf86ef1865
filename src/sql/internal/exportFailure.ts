/** The failure of the program that makes files on the server. */

const program = "ogr2ogr command return code"

/** The line after a label, as PostgreSQL and its client print them. */
const labelled = (text: string, label: string): string | undefined => {
  const at = text.indexOf(label)
  if (at === -1) return undefined
  const rest = text.slice(at + label.length)
  return rest.split("\n", 1)[0]?.trim()
}

const withoutPaths = (line: string): string =>
  line
    .split(" ")
    .map((word) => (word.includes("/") ? "…" : word))
    .join(" ")

/**
 * What PostgreSQL said, in the message of a failed export: the program's own text has paths of the server. `undefined` for
 * the message of another failure.
 */
export const describeExportFailure = (
  message: string
): { readonly description: string; readonly detail?: string; readonly hint?: string } | undefined => {
  if (!message.startsWith(program)) return undefined
  const description = labelled(message, "ERROR:  ")
  const detail = labelled(message, "DETAIL:  ")
  const hint = labelled(message, "HINT:  ")
  return description === undefined
    ? {
        description: `the server could not make the file: ${withoutPaths(labelled(message, "ERROR 1: ") ?? "no reason given")}`
      }
    : { description, ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) }
}
