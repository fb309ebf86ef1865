/** JSON with comments and trailing commas, as JSON. Every character stays at its position, so that errors name the right one. */

const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]
    if (char === "\\") at++
    else if (char === '"') return at + 1
    else if (char === "\n") return at
  }
  return text.length
}

/** Where a comment ends that begins here; `undefined` if none begins. A comment without an end is left for the JSON parser. */
const endOfComment = (text: string, start: number): number | undefined => {
  const isLine = text.startsWith("//", start)
  if (!isLine && !text.startsWith("/*", start)) return undefined
  const end = text.indexOf(isLine ? "\n" : "*/", start + 2)
  if (end >= 0) return isLine ? end : end + 2
  return isLine ? text.length : undefined
}

/** Blanks out comments, trailing commas and a byte order mark. Reads the text once. */
export const toJson = (text: string): string => {
  const parts: Array<string> = []
  /** Where among the parts the last comma is, if nothing but white space and comments follows. */
  let comma: number | undefined
  const push = (part: string) => parts.push(part)
  // after a comment without an end the parser fails, and looking for the end again and again would take long
  let isOpen = false
  let at = 0
  if (text.startsWith("\uFEFF")) {
    push(" ")
    at = 1
  }
  while (at < text.length) {
    const char = text[at] ?? ""
    if (char === '"') {
      const end = endOfString(text, at)
      push(text.slice(at, end))
      at = end
      comma = undefined
      continue
    }
    const end = char === "/" && !isOpen ? endOfComment(text, at) : undefined
    if (end !== undefined) {
      push(text.slice(at, end).replaceAll(/[^\n]/g, " "))
      at = end
      continue
    }
    if (char === "/") isOpen = true
    if ((char === "}" || char === "]") && comma !== undefined) parts[comma] = " "
    if (char === ",") comma = push(char) - 1
    else {
      push(char)
      if (char.trim() !== "") comma = undefined
    }
    at++
  }
  return parts.join("")
}
