/** The shape of a bad value, for an error: never its text, which may be a secret that was put in the wrong place. */
export const describe = (value: unknown): string => {
  if (value === null) return "null"
  if (value === undefined) return "undefined"
  if (typeof value === "string") {
    if (value === "") return "an empty string"
    return value.trim() === "" ? "a blank string" : `a string of ${value.length} characters`
  }
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (typeof value !== "object") return `a ${typeof value}`
  const name = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object"
}
