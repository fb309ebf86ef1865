/** Secrets in text that leaves. */

const excerptBytes = 4096

/** Blanks out a key and its form in the `Authorization` header. */
export const makeRedaction =
  (secret: string, encoded: string) =>
  (text: string): string =>
    text.replaceAll(secret, "<redacted>").replaceAll(encoded, "<redacted>")

/** At most 4 KB of a body, cut between characters, without the tokens of keys that are in it. */
export const excerpt = (text: string): string => {
  const bytes = new TextEncoder().encode(text.slice(0, excerptBytes)).subarray(0, excerptBytes)
  return new TextDecoder()
    .decode(bytes)
    .replace(/\uFFFD$/, "")
    .replaceAll(/("token"\s*:\s*")[^"]+/g, "$1<redacted>")
}
