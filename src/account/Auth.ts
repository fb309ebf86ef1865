/**
 * The account, and the API key in use.
 *
 * @module
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ApiKey } from "./ApiKey.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { makeTurn } from "./internal/turn.ts"
import { readAccount } from "./internal/baseUrl.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { beforeSent, interruptibleUntilSent } from "./internal/interruption.ts"
import { readTransport } from "./internal/transport.ts"
import type { TransportOptions } from "./TransportOptions.ts"
import { CredentialsUnavailable, InvalidInput } from "../errors/Call.ts"

export type { RetryFailure, RetryPolicy, TransportOptions } from "./TransportOptions.ts"

/** The key, or an effect that yields it each time it is needed: a secret store, or a key that is rotated elsewhere. */
export type ApiKeySource = Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown>

/** An account and its key, and how requests are sent. */
export interface AuthOptions extends TransportOptions {
  /** The account's URL: `https://{user}.carto.com`, `https://{org}.carto.com/u/{user}` or `https://{host}/user/{user}`. */
  readonly baseUrl?: string | URL | undefined
  /** The account's name. Alone it stands for `https://{username}.carto.com`; with `baseUrl` it is the user of an on-premises host. */
  readonly username?: string | undefined
  /** One of the account's API keys, `Redacted`, or an effect that yields one. */
  readonly apiKey: ApiKeySource
  /** The schema of the account's own tables. @default read from the URL, or asked for when it is first needed */
  readonly schema?: string | undefined
  /** Allows `http:` to a host other than this machine. The key then travels in clear text. @default false */
  readonly allowInsecureHttp?: boolean | undefined
}

/** The account and the key in use, as the other services see them. */
export interface AuthService {
  /** The account's name. */
  readonly username: string
  /** The URL of the Auth API, without a trailing slash. */
  readonly authUrl: string
  /** The URL of the SQL API, without a trailing slash. */
  readonly sqlUrl: string
  /** The schema of the account's own tables, if it is known. */
  readonly schema: string | undefined
  /** How requests are sent. */
  readonly transport: TransportOptions
  /** The key in use: that of {@link Auth.withApiKey}, or else the layer's; in both cases the newest token of that key. */
  readonly apiKey: Effect.Effect<Redacted.Redacted<string>, CredentialsUnavailable | InvalidInput>
  /** The name of the key in use, if `Auth.withApiKey` was given an `ApiKey`. */
  readonly keyName: Effect.Effect<string | undefined>
  /**
   * Runs an effect that replaces a token by a new one. Calls under the old token continue under the new one; calls that
   * were refused meanwhile wait for it.
   */
  readonly replacing: <A extends { readonly from?: Redacted.Redacted<string> | undefined; readonly key: ApiKey }, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<ApiKey, E, R>
  /** The token that replaced this one, once a replacement that is under way has ended. */
  readonly successor: (token: Redacted.Redacted<string>) => Effect.Effect<Redacted.Redacted<string> | undefined>
}

const CurrentApiKey: Context.Reference<ApiKey | Redacted.Redacted<string> | undefined> = Context.Reference<
  ApiKey | Redacted.Redacted<string> | undefined
>("effect-carto/Auth/CurrentApiKey", { defaultValue: () => undefined })

/** Whether this fiber replaces a token: it must not wait for itself. */
const Replacing: Context.Reference<boolean> = Context.Reference<boolean>("effect-carto/Auth/Replacing", {
  defaultValue: () => false
})

const checkToken = (token: Redacted.Redacted<string>): Result.Result<Redacted.Redacted<string>, InvalidInput> => {
  if (!Redacted.isRedacted(token)) return refuse("apiKey", token, "wrap the key: Redacted.make(key)")
  const value: unknown = Redacted.value(token)
  // the server takes an empty key for none at all, and answers as to the public
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value)
    ? Result.succeed(token)
    : refuse(
        "apiKey",
        value,
        "give the key alone, without spaces and line ends; for public data use Auth.defaultPublic"
      )
}

/** Makes the service of an account and its key. Fails with `InvalidInput` if an option can never work. */
const make = (options: AuthOptions): Effect.Effect<AuthService, CartoErrorOf<InvalidInput>> =>
  Effect.gen(function* () {
    const account = yield* Effect.fromResult(readAccount(options))
    const transport = yield* Effect.fromResult(readTransport(options))
    const source = options.apiKey
    if (!Effect.isEffect(source)) yield* Effect.fromResult(checkToken(source))
    const successors = new Map<string, Redacted.Redacted<string>>()
    const turn = makeTurn()
    const newest = (token: Redacted.Redacted<string>): Redacted.Redacted<string> => {
      const next = successors.get(Redacted.value(token))
      return next === undefined ? token : newest(next)
    }
    const fromSource = Effect.isEffect(source)
      ? beforeSent(Effect.mapError(source, (cause) => new CredentialsUnavailable({ cause })))
      : Effect.succeed(source)
    const apiKey = Effect.gen(function* () {
      const current = yield* CurrentApiKey
      const token = current === undefined ? yield* fromSource : current instanceof ApiKey ? current.token : current
      return newest(yield* Effect.fromResult(checkToken(token)))
    })
    return {
      username: account.username,
      authUrl: account.authUrl,
      sqlUrl: account.sqlUrl,
      schema: options.schema ?? account.schema,
      transport,
      apiKey,
      keyName: Effect.map(CurrentApiKey, (current) => (current instanceof ApiKey ? current.name : undefined)),
      replacing: (effect) => {
        // a new token that arrives is kept, even if the caller is interrupted
        return Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(beforeSent(turn.take), (end) =>
            Effect.map(Effect.provideService(effect, Replacing, true), ({ from, key }) => {
              if (from !== undefined && Redacted.value(from) !== Redacted.value(key.token)) {
                successors.set(Redacted.value(from), key.token)
              }
              return key
            }).pipe(Effect.ensuring(end))
          ).pipe((replacement) => interruptibleUntilSent(replacement, restore))
        )
      },
      successor: (token) =>
        Effect.flatMap(Replacing, (replacing) => {
          const found = Effect.sync(() => successors.get(Redacted.value(token)))
          return replacing ? found : Effect.andThen(turn.wait, found)
        })
    } satisfies AuthService
  }).pipe(Effect.mapError((reason) => cartoError("Auth.layer", reason)))

const AuthBase: Context.ServiceClass<Auth, "effect-carto/Auth", AuthService> = Context.Service<Auth, AuthService>()(
  "effect-carto/Auth"
)

/** The account and the key in use. Every other service needs them. */
export class Auth extends AuthBase {
  /** The default public key, which is the same for every account. It reads public tables only. */
  static readonly defaultPublic: Redacted.Redacted<string> = Redacted.make("default_public")

  /** Provides an account by `baseUrl` or `username`, and its key. Fails with `InvalidInput`, before any request. */
  static readonly layer = (options: AuthOptions): Layer.Layer<Auth, CartoErrorOf<InvalidInput>> =>
    Layer.effect(Auth, make(options))

  /**
   * Provides the account of `CARTO_BASE_URL` or else `CARTO_USERNAME`, and the key of `CARTO_API_KEY`. Options that are given
   * replace those of the environment. Fails with `InvalidInput`, before any request.
   */
  static readonly layerConfig = (options?: Partial<AuthOptions>): Layer.Layer<Auth, CartoErrorOf<InvalidInput>> =>
    Layer.effect(Auth, Effect.flatMap(readConfig(options), make))

  /**
   * Runs an effect under another key: an `ApiKey`, or the token of one. Calls in it that need the master key fail with
   * `MasterKeyRequired`, unless the key is the master key.
   */
  static readonly withApiKey: {
    (key: ApiKey | Redacted.Redacted<string>): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    <A, E, R>(effect: Effect.Effect<A, E, R>, key: ApiKey | Redacted.Redacted<string>): Effect.Effect<A, E, R>
  } = dual(
    2,
    <A, E, R>(effect: Effect.Effect<A, E, R>, key: ApiKey | Redacted.Redacted<string>): Effect.Effect<A, E, R> =>
      Effect.provideService(effect, CurrentApiKey, key)
  )
}

const refuseVariable = (field: string, received: string, remedy: string) =>
  cartoError("Auth.layerConfig", new InvalidInput({ field, received, remedy }))

const variable = (name: string): Effect.Effect<string | undefined, CartoErrorOf<InvalidInput>> =>
  Effect.gen(function* () {
    const provider = yield* ConfigProvider.ConfigProvider
    const node = yield* provider.load([name])
    return node?.value
  }).pipe(Effect.mapError((error) => refuseVariable(name, "unreadable", error.message)))

// `Config` brings all of Schema into a Worker's bundle, for three strings.
const readConfig = (options?: Partial<AuthOptions>): Effect.Effect<AuthOptions, CartoErrorOf<InvalidInput>> =>
  Effect.gen(function* () {
    const given = options?.baseUrl !== undefined || options?.username !== undefined
    const baseUrl = given ? options.baseUrl : yield* variable("CARTO_BASE_URL")
    const username = given || baseUrl !== undefined ? options?.username : yield* variable("CARTO_USERNAME")
    const missing = (field: string, remedy: string) => Effect.fail(refuseVariable(field, "not set", remedy))
    if (baseUrl === undefined && username === undefined) {
      return yield* missing("CARTO_BASE_URL", "set it, or set CARTO_USERNAME for https://{username}.carto.com")
    }
    if (options?.apiKey !== undefined) return { ...options, baseUrl, username, apiKey: options.apiKey }
    const apiKey = yield* variable("CARTO_API_KEY")
    if (apiKey === undefined) return yield* missing("CARTO_API_KEY", "set it to one of the account's API keys")
    return { ...options, baseUrl, username, apiKey: Redacted.make(apiKey) }
  })
