/** SQL text from names and values that no name or value can break out of. PostgreSQL ends a text at NUL, so it is cut. */

const withoutNul = (text: string): string => text.replaceAll("\0", "")

export const identifier = (name: string): string => `"${withoutNul(name).replaceAll('"', '""')}"`

/** A string constant; relies on `standard_conforming_strings`, which is on unless a session turns it off. */
export const literal = (text: string): string => `'${withoutNul(text).replaceAll("'", "''")}'`
