/** API keys are addressed by name, as one segment of the path. */
import * as Result from "effect/Result"
import type { InvalidInput } from "../../../errors/Call.ts"
import { blankName, reservedName } from "./responses.ts"
import { refuse } from "../../../errors/internal/invalidInput.ts"

export const collectionPath = "/api/v3/api_keys"

/** A name that an existing key may have. */
export const existingName = (name: unknown): Result.Result<string, InvalidInput> => {
  if (typeof name !== "string") return refuse("name", name, "give the key's name, or the key")
  if (name.trim() === "") return Result.fail(blankName())
  return name.includes("\0") || !name.isWellFormed()
    ? refuse("name", name, "a name cannot hold NUL characters or half of a surrogate pair")
    : Result.succeed(name)
}

/** Clients of any language resolve `.` and `..` away, so that such a key can be listed but not addressed. */
export const isDotName = (name: string): boolean => name === "." || name === ".."

/** A name that a new key may have. */
export const newName = (name: unknown): Result.Result<string, InvalidInput> =>
  Result.flatMap(existingName(name), (text) => {
    if (text === "Master" || text === "Default public") return Result.fail(reservedName())
    return text.includes("/") || isDotName(text)
      ? refuse("name", text, "proxies and clients change URLs with / . or .. in them; choose a name without")
      : Result.succeed(text)
  })

/** The path of a key, percent-encoded once. */
export const keyPath = (name: string): Result.Result<string, InvalidInput> =>
  isDotName(name)
    ? refuse("name", name, "no URL can address a key named . or ..; manage it in CARTO's dashboard")
    : Result.succeed(`${collectionPath}/${encodeURIComponent(name)}`)

/** The path that regenerates a key's token: the server finds no route where a `.` of the name stands as it is. */
export const regeneratePath = (name: string): Result.Result<string, InvalidInput> =>
  Result.map(keyPath(name), (path) => `${path.replaceAll(".", "%2E")}/token/regenerate`)
