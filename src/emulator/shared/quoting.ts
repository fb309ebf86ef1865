/** SQL text of names and values. PostgreSQL ends a text at NUL, so NUL is removed. */

const withoutNul = (text: string): string => text.replaceAll("\0", "")

/** A quoted identifier. */
export const identifier = (name: string): string => `"${withoutNul(name).replaceAll('"', '""')}"`

/** A string constant. Relies on `standard_conforming_strings`, which is on unless a session turns it off. */
export const literal = (text: string): string => `'${withoutNul(text).replaceAll("'", "''")}'`

/** A string constant whose backslashes are escaped, so that it means the same under every setting of a session. */
export const escapedLiteral = (text: string): string =>
  `E'${withoutNul(text).replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
