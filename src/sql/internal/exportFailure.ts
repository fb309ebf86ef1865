/** The failure of the program that makes files on the server. */

const program = "ogr2ogr command return code"

/** The rest of the line after a label, as PostgreSQL and its clients print them. */
const labelled = (text: string, label: string): string | undefined => {
  const at = text.indexOf(label)
  return at === -1
    ? undefined
    : text
        .slice(at + label.length)
        .split("\n", 1)[0]
        ?.trim()
}

/** The program's own messages may have paths of the server, and parameters of its connection. */
const withoutPaths = (line: string): string =>
  line
    .split(" ")
    .map((word) => (/[/=]/.test(word) ? "…" : word))
    .join(" ")

/** The error of PostgreSQL in the message of a failed export; `undefined` for the message of another failure. */
export const describeExportFailure = (
  message: string
):
  | { readonly description: string; readonly detail?: string | undefined; readonly hint?: string | undefined }
  | undefined => {
  if (!message.startsWith(program)) return undefined
  const own = labelled(message, "ERROR 1: ")
  return {
    description:
      labelled(message, "ERROR:  ") ?? (own === undefined ? "the server could not make the file" : withoutPaths(own)),
    detail: labelled(message, "DETAIL:  "),
    hint: labelled(message, "HINT:  ")
  }
}
