/** Where in a statement an error is. The API sends no position, but PostgreSQL's message often names a word. */
const named = [
  /at or near "(.+?)"/,
  /(?:column|relation|type|role|schema) "(?:.+\.)?([^".]+)" does not exist/,
  /column [^\s."]*\.?([^\s."]+) does not exist/,
  /function (?:.+\.)?([^\s.(]+)\(.*\) does not exist/
]

/** The line of the statement with the word, and a mark under the word; `undefined` if the place is not certain. */
export const markError = (statement: string, message: string): string | undefined => {
  const word = named.map((pattern) => pattern.exec(message)?.[1]).find((found) => found !== undefined)
  if (word === undefined) return undefined
  const at = statement.indexOf(word)
  if (at === -1 || statement.indexOf(word, at + 1) !== -1) return undefined
  const before = statement.slice(0, at)
  const number = before.split("\n").length
  const start = before.lastIndexOf("\n") + 1
  const line = statement.slice(start).split("\n")[0] ?? ""
  const label = `LINE ${number}: `
  return `${label}${line}\n${" ".repeat(label.length + at - start)}^`
}
