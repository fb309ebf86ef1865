/** A JSON file that is replaced atomically. A reader finds the old text or the new text. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { ErrorClass } from "../shared/errorClass.ts"

const FileErrorBase: ErrorClass<"FileError", { readonly message: string; readonly cause: unknown }> =
  Data.TaggedError("FileError")
/** The operating system refused a file operation. `cause` is its error. */
export class FileError extends FileErrorBase {}

const toError = (cause: unknown): FileError =>
  new FileError({ message: cause instanceof Error ? cause.message : String(cause), cause })

const isMissing = ({ cause }: FileError): boolean => Predicate.hasProperty(cause, "code") && cause.code === "ENOENT"

/** The file to which new text is written first. It has one writer at a time, which holds the lock of the folder. */
const nextOf = (path: string): string => `${path}.next`

/** Deletes the unfinished files of ended processes. Earlier versions gave each such file a unique name. */
const removeUnfinished = async (path: string): Promise<void> => {
  const folder = dirname(path)
  const name = basename(path)
  const files = await readdir(folder)
  const unfinished = files.filter(
    (file) => file.startsWith(`${name}.`) && /^(next|[0-9a-f-]{36})$/.test(file.slice(name.length + 1))
  )
  await Promise.all(unfinished.map((file) => rm(join(folder, file), { force: true })))
}

/**
 * Reads the file. The result is `undefined` if the file does not exist. Deletes unfinished files of earlier writers.
 */
export const read = (path: string): Effect.Effect<string | undefined, FileError> =>
  Effect.tryPromise({
    try: async () => {
      await removeUnfinished(path)
      return await readFile(path, "utf8")
    },
    catch: toError
  }).pipe(Effect.catchIf(isMissing, () => Effect.undefined))

const writeDurably = async (path: string, text: string): Promise<void> => {
  await rm(path, { force: true })
  await using file = await open(path, "wx", 0o600)
  await file.writeFile(text)
  await file.sync()
}

/**
 * Writes a second file and renames it. Only the owner may read the file. The folder is created if it does not exist.
 */
export const replace = (path: string, value: unknown): Effect.Effect<void, FileError> =>
  Effect.suspend(() => {
    const next = nextOf(path)
    return Effect.tryPromise({
      try: async () => {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        await writeDurably(next, JSON.stringify(value))
        await rename(next, path)
      },
      catch: toError
    }).pipe(Effect.onError(() => Effect.promise(() => rm(next, { force: true }))))
  })
