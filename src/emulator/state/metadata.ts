/**
 * Stands in for the Rails application's own database: the rows of organisations, accounts and API keys, and the hashes
 * that it publishes of them in Redis. Kept in memory, and in one file as well when the emulator has a folder.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { join } from "node:path"
import { publish } from "./redisHashes.ts"
import { noRows, Rows } from "./rows.ts"
import type { ConnectionError } from "../database.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import * as JsonFile from "./jsonFile.ts"
import { KeyStore } from "./keyStore.ts"
import * as FolderLock from "./folderLock.ts"

const MetadataErrorBase: ErrorClass<"MetadataError", { readonly path: string; readonly message: string }> =
  Data.TaggedError("MetadataError")
/** The metadata file cannot be read or written. */
export class MetadataError extends MetadataErrorBase {}

export interface MetadataService {
  readonly rows: () => Rows
  /**
   * Changes the rows, in the file first; then publishes the hashes of the accounts that changed. One change follows the
   * other, so what a change checks still holds when it is made.
   */
  readonly modify: <A, E>(
    change: (rows: Rows) => Effect.Effect<readonly [A, Rows], E>
  ) => Effect.Effect<A, E | MetadataError>
  /** The same for a change that cannot fail and has no result. */
  readonly update: (change: (rows: Rows) => Rows) => Effect.Effect<void, MetadataError>
}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Rows))

const make = (
  folder: string | undefined
): Effect.Effect<MetadataService, MetadataError | ConnectionError, KeyStore | Scope.Scope> =>
  Effect.gen(function* () {
    const keyStore = yield* KeyStore
    if (folder !== undefined) yield* FolderLock.acquire(folder)
    const path = folder === undefined ? undefined : join(folder, "metadata.json")
    const failed = (message: string) => new MetadataError({ path: path ?? "", message })
    // A schema error's own message may quote the file, which holds tokens.
    const text =
      path === undefined ? undefined : yield* Effect.mapError(JsonFile.read(path), (cause) => failed(cause.message))
    let rows =
      text === undefined
        ? noRows
        : yield* Effect.mapError(decode(text), () => failed("it is not a metadata file of this emulator"))
    publish(keyStore, noRows, rows)
    const writing = yield* Semaphore.make(1)
    const modify: MetadataService["modify"] = (change) =>
      Effect.gen(function* () {
        const [result, next] = yield* change(rows)
        if (path !== undefined) {
          yield* Effect.mapError(JsonFile.replace(path, next), (cause) => failed(cause.message))
        }
        publish(keyStore, rows, next)
        rows = next
        return result
      }).pipe(Effect.uninterruptible, writing.withPermit)
    return {
      rows: () => rows,
      modify,
      update: (change) => modify((current) => Effect.sync(() => [undefined, change(current)]))
    }
  })

const MetadataBase: Context.ServiceClass<Metadata, "effect-carto/emulator/Metadata", MetadataService> = Context.Service<
  Metadata,
  MetadataService
>()("effect-carto/emulator/Metadata")
export class Metadata extends MetadataBase {
  /** Loads `metadata.json` from a folder that nobody else may use then; without a folder it stays in memory. */
  static readonly layer = (folder?: string): Layer.Layer<Metadata, MetadataError | ConnectionError, KeyStore> =>
    Layer.effect(Metadata, make(folder))
}
