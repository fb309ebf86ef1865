/** Text of others, made safe to print. */

// control and format characters (ESC, newline, C1, bidi, zero width), line and paragraph separators, lone surrogates
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Replaces each character that could drive a terminal, break a line or reorder text by its escape, as `\u{1b}`. */
export const printable = (text: string): string =>
  text.replaceAll(unprintable, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)

/** Puts text between double quotes, with the escapes of JSON and of {@link printable}. */
export const quote = (text: string): string => printable(JSON.stringify(text))
