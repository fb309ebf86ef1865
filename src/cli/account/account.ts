/** The account and the key that a command works with. */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { identity } from "effect/Function"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Prompt from "effect/cli/Prompt"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Carto from "../../Carto.ts"
import { fetchLayer } from "../../http/fetch.ts"
import { failed, usage } from "../failure.ts"
import { ApiKeyFile, BaseUrl, Profile, Timeout, Username, Verbose } from "../settings.ts"
import { logRequests } from "../terminal/logRequests.ts"
import * as Keychain from "./keychain.ts"
import * as Profiles from "./profiles.ts"

const variable = (name: string) =>
  Effect.map(
    Effect.orDie(Config.option(Config.String(name))),
    Option.filter((text) => text !== "")
  )

/** The key in a file, without the newline at its end. */
export const readKeyFile = Effect.fnUntraced(function* (name: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(files.readFileString(name), (error) =>
    failed(`the API key cannot be read from ${name}: ${error.message}`)
  )
  const key = text.trim()
  return key === "" ? yield* usage(`the file ${name} holds no API key`) : Redacted.make(key)
})

const fromReference = Effect.fnUntraced(function* (name: string, key: Profiles.KeyReference) {
  if ("file" in key) return yield* readKeyFile(key.file)
  if ("keychain" in key) return yield* Keychain.get(name)
  const value = yield* variable(key.environment)
  return Option.isSome(value)
    ? Redacted.make(value.value)
    : yield* usage(`the profile "${name}" takes its key from ${key.environment}, which is not set`)
})

/** Asks for a key without showing it. Fails with exit code 2 if there is no terminal. */
export const promptForKey = Effect.fnUntraced(function* (account: string) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt) return yield* usage("no API key: set CARTO_API_KEY, or give --api-key-file FILE or --profile NAME")
  return yield* Prompt.run(Prompt.Hidden({ message: `API key of ${account}` }))
})

type ClientTransform = (client: HttpClient) => HttpClient

interface Chosen {
  readonly baseUrl: string | undefined
  readonly username: string | undefined
  readonly apiKey: Redacted.Redacted<string>
}

/**
 * Flags come first, then the named profile, the environment and the current profile. A key is never taken from another
 * source than the account, except by `--api-key-file`.
 */
const choose = Effect.gen(function* () {
  const flags = { baseUrl: Option.getOrUndefined(yield* BaseUrl), username: Option.getOrUndefined(yield* Username) }
  const keyFile = yield* ApiKeyFile
  const fromFile = Option.isSome(keyFile) ? yield* readKeyFile(keyFile.value) : undefined
  const byFlags = flags.baseUrl !== undefined || flags.username !== undefined
  const named = yield* Profile
  if (Option.isSome(named)) {
    if (byFlags) return yield* usage("--profile names an account already: leave out --base-url and --username")
    return yield* fromProfile(named.value, fromFile)
  }
  const environment = {
    baseUrl: Option.getOrUndefined(yield* variable("CARTO_BASE_URL")),
    username: Option.getOrUndefined(yield* variable("CARTO_USERNAME"))
  }
  if (!byFlags && environment.baseUrl === undefined && environment.username === undefined) {
    const { current } = yield* Profiles.read
    return current === undefined
      ? yield* usage("no account: set CARTO_BASE_URL, give --base-url URL, or save a profile with effect-carto login")
      : yield* fromProfile(current, fromFile)
  }
  const { baseUrl, username } = byFlags
    ? flags
    : { baseUrl: environment.baseUrl, username: environment.baseUrl === undefined ? environment.username : undefined }
  const fromEnvironment = yield* variable("CARTO_API_KEY")
  const apiKey =
    fromFile ??
    (Option.isSome(fromEnvironment)
      ? Redacted.make(fromEnvironment.value)
      : yield* promptForKey(username ?? baseUrl ?? "the account"))
  return { baseUrl, username, apiKey } satisfies Chosen
})

const fromProfile = Effect.fnUntraced(function* (name: string, fromFile: Redacted.Redacted<string> | undefined) {
  const { baseUrl, key, username } = yield* Profiles.find(name)
  return { baseUrl, username, apiKey: fromFile ?? (yield* fromReference(name, key)) } satisfies Chosen
})

/** The services of an account that is given rather than chosen. */
export const layerOf = Effect.fnUntraced(function* (chosen: Chosen, observe: ClientTransform = identity) {
  const timeout = yield* Timeout
  const verbose = yield* Verbose
  const limit = Option.isSome(timeout) ? Duration.fromInput(readDuration(timeout.value)) : Option.none()
  if (Option.isSome(timeout) && Option.isNone(limit)) {
    return yield* usage(`--timeout takes a duration such as "90 seconds", not "${timeout.value}"`)
  }
  return Layer.provide(
    Carto.layer({
      ...chosen,
      timeout: Option.getOrUndefined(limit),
      transformClient: (client) => observe(verbose ? logRequests(client) : client)
    }),
    fetchLayer()
  )
})

/** `90s` as well as `90 seconds`. */
export const readDuration = (text: string): Duration.Input => {
  const units: Readonly<Record<string, string>> = { ms: "millis", s: "seconds", m: "minutes", h: "hours", d: "days" }
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/.exec(text.trim()) ?? []
  return (amount === undefined ? text.trim() : `${amount} ${units[unit]}`) as Duration.Input
}

/** Runs an effect with the services of the chosen account. `observe` may look at each response. */
export const withAccount = <A, E, R>(effect: Effect.Effect<A, E, R>, observe?: ClientTransform) =>
  Effect.gen(function* () {
    const services = yield* layerOf(yield* choose, observe)
    return yield* Effect.provide(effect, services)
  })
