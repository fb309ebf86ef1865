/**
 * Stands in for the Redis of a real installation: the same keys and the same fields, which the Auth API writes and the
 * SQL API reads. It is the only place of the emulator that replaces Redis.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export type Hash = Readonly<Record<string, string>>

export interface KeyStoreService {
  /** The fields of `api_keys:USER:TOKEN`, `rails:users:USER`, …; `undefined` where there is no such key. */
  readonly get: (key: string) => Hash | undefined
  /** Replaces the whole hash. */
  readonly set: (key: string, hash: Hash) => void
  readonly delete: (key: string) => void
}

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
export class KeyStore extends KeyStoreBase {
  static readonly layer: Layer.Layer<KeyStore> = Layer.sync(KeyStore, make)
}
