/**
 * The emulator's replacement for the Rails application's own database: the rows of organizations, accounts and API
 * keys, and the Redis hashes that it publishes for them. Rows are in memory. If the emulator has a folder, they are
 * also in one file.
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

/** The metadata of an emulator. */
export interface MetadataService {
  /** The present rows. */
  readonly rows: () => Rows
  /**
   * Changes the rows, first in the file and then in memory, and publishes the hashes of the changed accounts. Changes
   * run one at a time, so the rows that a change has checked stay the same until the change is written.
   */
  readonly modify: <A, E>(
    change: (rows: Rows) => Effect.Effect<readonly [A, Rows], E>
  ) => Effect.Effect<A, E | MetadataError>
  /** Changes the rows with a function that cannot fail and has no result. */
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
    // A schema error's own message may quote the file, which contains tokens.
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
/** The service of the metadata. */
export class Metadata extends MetadataBase {
  /**
   * The layer of the metadata in a folder's `metadata.json`, with the lock of the folder. Without a folder it is in
   * memory.
   */
  static readonly layer = (folder?: string): Layer.Layer<Metadata, MetadataError | ConnectionError, KeyStore> =>
    Layer.effect(Metadata, make(folder))
}
