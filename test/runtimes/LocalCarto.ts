/** An embedded CARTO on a loopback port, for clients in other processes. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { type EmulatorError, type EmulatorOptions, listen, type ListenError, make } from "../../src/emulator/index.ts"

export class LocalCarto extends Context.Service<
  LocalCarto,
  {
    /** `127.0.0.1:PORT`. */
    readonly address: string
    /** The environment of a client of this account, under its master key. */
    readonly environment: (username: string) => {
      readonly CARTO_BASE_URL: string
      readonly CARTO_API_KEY: string
    }
    readonly execute: (username: string, sql: string) => Effect.Effect<unknown, EmulatorError>
  }
>()("test/LocalCarto") {
  static readonly layer = (options: EmulatorOptions): Layer.Layer<LocalCarto, EmulatorError | ListenError> =>
    Layer.effect(
      LocalCarto,
      Effect.gen(function* () {
        const emulator = yield* make(options)
        const { port, url } = yield* listen(emulator)
        return {
          address: `127.0.0.1:${port}`,
          environment: (username) => {
            const key = emulator.account(username)?.masterKey
            return {
              CARTO_BASE_URL: `${url}/user/${username}`,
              CARTO_API_KEY: key === undefined ? "" : Redacted.value(key)
            }
          },
          execute: emulator.execute
        }
      })
    )
}
