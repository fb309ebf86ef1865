/** SCRAM-SHA-256 as PostgreSQL stores it: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"

const VERIFIER = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):[A-Za-z0-9+/=]+$/

const storedKey = async (password: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<string> => {
  const { subtle } = globalThis.crypto
  const encoder = new TextEncoder()
  // SASLprep is NFKC for characters that a user can type. PostgreSQL uses the raw bytes if SASLprep does not apply.
  const secret = await subtle.importKey("raw", encoder.encode(password.normalize("NFKC")), "PBKDF2", false, [
    "deriveBits"
  ])
  const salted = await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, secret, 256)
  const key = await subtle.importKey("raw", salted, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
  const clientKey = await subtle.sign("HMAC", key, encoder.encode("Client Key"))
  return Base64.encode(new Uint8Array(await subtle.digest("SHA-256", clientKey)))
}

/** Reports whether a verifier of `pg_authid.rolpassword` was made from a password. */
export const verify = (password: string, verifier: string): Effect.Effect<boolean> => {
  const [, iterations, salt, expected] = VERIFIER.exec(verifier) ?? []
  if (iterations === undefined || salt === undefined || expected === undefined) return Effect.succeed(false)
  return Result.match(Base64.decode(salt), {
    onFailure: () => Effect.succeed(false),
    onSuccess: (bytes) =>
      Effect.map(
        Effect.promise(() => storedKey(password, new Uint8Array(bytes), Number(iterations))),
        (actual) => actual === expected
      )
  })
}
