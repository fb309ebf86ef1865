/**
 * The emulator's replacement for the Redis of a real installation. It has the same keys and fields, which the Auth API
 * writes and the SQL API reads. No other module replaces Redis.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** The fields of a key and their values. */
export type Hash = Readonly<Record<string, string>>

/** A store of hashes by key. */
export interface KeyStoreService {
  /**
   * Reads the hash of a key such as `api_keys:USER:TOKEN` or `rails:users:USER`. `undefined` if there is no such key.
   */
  readonly get: (key: string) => Hash | undefined
  /** Replaces the whole hash of a key. */
  readonly set: (key: string, hash: Hash) => void
  /** Deletes a key. */
  readonly delete: (key: string) => void
}

/** Makes an empty store. */
export const make = (): KeyStoreService => {
  const hashes = new Map<string, Hash>()
  return {
    get: (key) => hashes.get(key),
    set: (key, hash) => void hashes.set(key, hash),
    delete: (key) => void hashes.delete(key)
  }
}

const KeyStoreBase: Context.ServiceClass<KeyStore, "effect-carto/emulator/KeyStore", KeyStoreService> = Context.Service<
  KeyStore,
  KeyStoreService
>()("effect-carto/emulator/KeyStore")
/** The service of the key store. */
export class KeyStore extends KeyStoreBase {
  /** The layer of an empty key store. */
  static readonly layer: Layer.Layer<KeyStore> = Layer.sync(KeyStore, make)
}
