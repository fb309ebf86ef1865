/** PostgreSQL's text format of arrays: `{1,NULL,"a b"}`, nested for more dimensions, with optional bounds before it. */
import type { Decoder, Json } from "./json.ts"

/** Parses the text of an array into a JSON array. `NULL` without quotes is `null`. */
export const parseArray = (text: string, element: Decoder): Json => {
  let at = text.startsWith("[") ? text.indexOf("=") + 1 : 0

  const quoted = (): string => {
    let value = ""
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === "\\") at++
      value += text.charAt(at)
    }
    at++
    return value
  }
  const bare = (): Json => {
    let value = ""
    for (; at < text.length && text[at] !== "," && text[at] !== "}"; at++) {
      if (text[at] === "\\") at++
      value += text.charAt(at)
    }
    return value.toUpperCase() === "NULL" ? null : element(value)
  }
  const items = (): ReadonlyArray<Json> => {
    const all: Array<Json> = []
    at++
    while (at < text.length && text[at] !== "}") {
      if (text[at] === "{") all.push(items())
      else if (text[at] === '"') all.push(element(quoted()))
      else all.push(bare())
      if (text[at] === ",") at++
    }
    at++
    return all
  }
  return items()
}
