/** A JSON file that is replaced as a whole: whoever reads it finds the old text or the new one. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { randomUUID } from "node:crypto"
import { mkdir, open, readFile, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import type { ErrorClass } from "../shared/errorClass.ts"

const FileErrorBase: ErrorClass<"FileError", { readonly message: string; readonly cause: unknown }> =
  Data.TaggedError("FileError")
/** The operating system refuses; `cause` is its error. */
export class FileError extends FileErrorBase {}

const toError = (cause: unknown): FileError =>
  new FileError({ message: cause instanceof Error ? cause.message : String(cause), cause })

const isMissing = ({ cause }: FileError): boolean => Predicate.hasProperty(cause, "code") && cause.code === "ENOENT"

/** The text of the file; `undefined` where there is no file. */
export const read = (path: string): Effect.Effect<string | undefined, FileError> =>
  Effect.tryPromise({ try: () => readFile(path, "utf8"), catch: toError }).pipe(
    Effect.catchIf(isMissing, () => Effect.undefined)
  )

const writeDurably = async (path: string, text: string): Promise<void> => {
  await using file = await open(path, "wx", 0o600)
  await file.writeFile(text)
  await file.sync()
}

/** Writes beside the file and renames; only its owner may read it. The folder is made if need be. */
export const replace = (path: string, value: unknown): Effect.Effect<void, FileError> =>
  Effect.suspend(() => {
    const temporary = `${path}.${randomUUID()}`
    return Effect.tryPromise({
      try: async () => {
        await mkdir(dirname(path), { recursive: true })
        await writeDurably(temporary, JSON.stringify(value))
        await rename(temporary, path)
      },
      catch: toError
    }).pipe(Effect.onError(() => Effect.promise(() => rm(temporary, { force: true }))))
  })
