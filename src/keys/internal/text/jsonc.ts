/** JSON with comments and trailing commas, as JSON. Every character stays where it was, so that positions do too. */

const blank = (text: string): string => text.replace(/[^\n]/g, " ")
const isString = (token: string): boolean => token.startsWith('"')

export const toJson = (text: string): string =>
  text
    .replace(/"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (token) => (isString(token) ? token : blank(token)))
    .replace(/"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])/g, (token) => (isString(token) ? token : " "))
