/** Random names and secrets of accounts and keys, in CARTO's formats. */
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"

const hex = (bytes: number): Effect.Effect<string> => Effect.sync(() => randomBytes(bytes).toString("hex"))

/** A token of a Master key: 40 hexadecimal digits. */
export const masterToken: Effect.Effect<string> = hex(20)
/** A password of a database role: 40 hexadecimal digits. */
export const rolePassword: Effect.Effect<string> = hex(20)

/** A token of a regular key: 22 characters of `[A-Za-z0-9_-]`. */
export const regularToken: Effect.Effect<string> = Effect.sync(() => randomBytes(16).toString("base64url"))

/** A name of a regular key's database role. */
export const roleName: Effect.Effect<string> = Effect.map(hex(16), (digits) => `carto_role_${digits}`)
