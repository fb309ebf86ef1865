/** The services of an account, from the options of `connect`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { Auth, type AuthOptions } from "../../account/Auth.ts"
import type { CartoErrorOf, InvalidInput } from "../../errors/CartoError.ts"
import { cartoError } from "../../errors/internal/cartoError.ts"
import { refuse } from "../../errors/internal/invalidInput.ts"
import { fetchLayer } from "../../http/fetch.ts"
import { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import { Sql } from "../../sql/Sql.ts"
import { callerPromise } from "./callerPromise.ts"
import type { Services } from "./connection.ts"

/** The options of `connect`. */
export interface ConnectOptions extends Omit<AuthOptions, "apiKey"> {
  /** The token of the key, or a function that returns the token each time that it is needed, such as a secret store. */
  readonly apiKey:
    | string
    | Redacted.Redacted<string>
    | (() => Promise<string | Redacted.Redacted<string>> | string | Redacted.Redacted<string>)
  /** Sends the requests. For a service binding: `(input, init) => binding.fetch(input, init)`. @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch | undefined
}

const keyRemedy = "give the token of the key alone, without white space; for public tables use defaultPublic"

const readToken = (token: unknown): Result.Result<Redacted.Redacted<string>, InvalidInput> => {
  const text = Redacted.isRedacted(token) ? Redacted.value(token) : token
  if (typeof text === "string" && /^[\x21-\x7e]+$/.test(text)) return Result.succeed(Redacted.make(text))
  return refuse(
    "apiKey",
    text,
    text === undefined ? "give the token of the key, or a function that returns it" : keyRemedy
  )
}

const readOptions = ({ apiKey, fetch, ...options }: ConnectOptions): Result.Result<AuthOptions, InvalidInput> => {
  if (options.baseUrl === undefined && options.username === undefined) {
    return refuse("baseUrl", undefined, "give the URL of the account, such as https://alice.carto.com, or its username")
  }
  if (fetch !== undefined && typeof fetch !== "function") {
    return refuse("fetch", fetch, "give a function that takes the arguments of fetch")
  }
  if (typeof apiKey !== "function") return Result.map(readToken(apiKey), (token) => ({ ...options, apiKey: token }))
  const source = Effect.flatMap(
    callerPromise(async () => await apiKey()),
    (token) => Effect.fromResult(readToken(token))
  )
  return Result.succeed({ ...options, apiKey: source })
}

/** The services of the account. Errors in the options are errors of `connect`. */
export const accountLayer = (options: ConnectOptions): Layer.Layer<Services, CartoErrorOf<InvalidInput>> =>
  Layer.mergeAll(ApiKeyManager.layer, Sql.layer).pipe(
    Layer.provideMerge(
      Layer.unwrap(
        Effect.fromResult(readOptions(options)).pipe(
          Effect.mapError((reason) => cartoError("connect", reason)),
          Effect.map(Auth.layer)
        )
      ).pipe(Layer.catch(({ reason }) => Layer.effect(Auth, Effect.fail(cartoError("connect", reason)))))
    ),
    Layer.provideMerge(fetchLayer(options.fetch))
  )
