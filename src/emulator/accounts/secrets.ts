/** The random names and secrets of accounts and keys, in CARTO's forms. */
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"

const hex = (bytes: number): Effect.Effect<string> => Effect.sync(() => randomBytes(bytes).toString("hex"))

/** 40 hexadecimal digits, as the token of a Master key and as the password of a role. */
export const masterToken: Effect.Effect<string> = hex(20)
export const rolePassword: Effect.Effect<string> = hex(20)

/** 22 characters of `[A-Za-z0-9_-]`. */
export const regularToken: Effect.Effect<string> = Effect.sync(() => randomBytes(16).toString("base64url"))

export const roleName: Effect.Effect<string> = Effect.map(hex(16), (digits) => `carto_role_${digits}`)
