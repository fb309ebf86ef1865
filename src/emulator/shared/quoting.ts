/** Quotes names and values in SQL text. PostgreSQL ends text at a NUL character, so NUL characters are removed. */

const withoutNul = (text: string): string => text.replaceAll("\0", "")

/** Quotes an identifier. */
export const identifier = (name: string): string => `"${withoutNul(name).replaceAll('"', '""')}"`

/** Quotes a string constant. Relies on `standard_conforming_strings`, which is on unless a session turns it off. */
export const literal = (text: string): string => `'${withoutNul(text).replaceAll("'", "''")}'`

/** Quotes a string constant with escaped backslashes, so that its value does not depend on session settings. */
export const escapedLiteral = (text: string): string =>
  `E'${withoutNul(text).replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
