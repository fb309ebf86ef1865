/** Text that tries to get out of its place in SQL. */

/** A generator of its own, so that a failure can be repeated: the same seed gives the same values. */
export const randomFrom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export const pieces = [
  "'",
  "''",
  '"',
  "\\",
  "\\\\",
  "\\'",
  "'; DROP TABLE canary; --",
  "--",
  "/*",
  "*/",
  "$$",
  "$a$",
  "E'",
  "e'\\'",
  "U&'\\0061'",
  "N'",
  "B'1'",
  "X'ff'",
  "\n",
  "\r\n",
  "\t",
  "\b",
  "\u0001",
  "\u007f",
  "\u0085",
  "\u2028",
  "\ufeff",
  "\u202e",
  "é",
  "☃",
  "😀",
  "İ",
  "ﬁ",
  ";",
  ":",
  "::text",
  "||",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "%",
  "_",
  "?",
  "$1",
  "@",
  "#",
  "&",
  "|",
  "~",
  "`",
  "a",
  "Z",
  "0",
  " ",
  "NULL",
  "\\x41",
  "\\u0041",
  "\\000",
  "COMMIT",
  "\\.",
  "\\n",
  ",",
  "="
] as const

/** Text of pieces that mean something to SQL. */
export const hostile = (random: (below: number) => number): string =>
  Array.from({ length: random(9) }, () => pieces[random(pieces.length)]).join("")
