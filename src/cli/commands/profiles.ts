import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import { layerOf, promptForKey, readKeyFile } from "../account/account.ts"
import * as Keychain from "../account/keychain.ts"
import * as Profiles from "../account/profiles.ts"
import { usage } from "../failure.ts"
import { ApiKeyFile, BaseUrl, Profile, Username } from "../settings.ts"
import { confirm } from "../terminal/confirm.ts"
import { message } from "../terminal/message.ts"
import { presentItems } from "../terminal/present.ts"

/** Where the new profile finds its key, and the key itself to try it. */
const keyOf = Effect.fnUntraced(function* (
  name: string,
  baseUrl: string,
  { keychain, variable }: { readonly keychain: boolean; readonly variable: Option.Option<string> }
) {
  const file = yield* ApiKeyFile
  if (keychain) {
    const token = Option.isSome(file) ? yield* readKeyFile(file.value) : yield* promptForKey(baseUrl)
    return { reference: { keychain: true }, token, typed: true } as const
  }
  if (Option.isSome(variable)) {
    return { reference: { environment: variable.value }, token: undefined, typed: false } as const
  }
  if (Option.isSome(file)) {
    const path = yield* Path.Path
    const reference = { file: path.resolve(file.value) }
    return { reference, token: yield* readKeyFile(file.value), typed: false } as const
  }
  const token = yield* promptForKey(baseUrl)
  return { reference: { file: yield* Profiles.keyFile(name) }, token, typed: true } as const
})

/** `effect-carto login` */
export const login = Command.make(
  "login",
  {
    variable: Flag.String("api-key-variable").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("Read the key from this environment variable each time"),
      Flag.optional
    ),
    keychain: Flag.Boolean("keychain").pipe(
      Flag.withDescription("Keep the key in the keychain of the system; needs the package @napi-rs/keyring"),
      Flag.withDefault(false),
      Flag.withoutNegation
    ),
    offline: Flag.Boolean("no-check").pipe(
      Flag.withDescription("Save the profile without a request to the account"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  Effect.fnUntraced(function* ({ keychain, offline, variable }) {
    const name = Option.getOrElse(yield* Profile, () => "default")
    const baseUrl = Option.getOrUndefined(yield* BaseUrl)
    const username = Option.getOrUndefined(yield* Username)
    const url = baseUrl ?? (username === undefined ? undefined : `https://${username}.carto.com`)
    if (url === undefined)
      return yield* usage("give the account: --base-url https://NAME.carto.com, or --username NAME")
    const { reference, token, typed } = yield* keyOf(name, url, { keychain, variable })
    if (!offline && token !== undefined) {
      const services = yield* layerOf({ baseUrl: url, username, apiKey: token })
      yield* Effect.provide(
        ApiKeyManager.use((keys) => keys.whoami),
        services
      )
    }
    if (typed) {
      yield* keychain ? Keychain.set(name, token) : Profiles.writeKey(name, Redacted.value(token))
    }
    const { profiles } = yield* Profiles.read
    const profile = { baseUrl: url, ...(username === undefined ? {} : { username }), key: reference }
    yield* Profiles.write({ current: name, profiles: { ...profiles, [name]: profile } })
    yield* message(`Saved the profile "${name}" for ${url}; commands use it from now on.`)
  })
).pipe(
  Command.withDescription("Save an account as a profile; the key is asked for, or read from a file or a variable"),
  Command.withExamples([
    {
      command: "effect-carto login --base-url https://alice.carto.com --profile alice --api-key-variable ALICE_KEY",
      description: "The profile remembers the variable, not the key"
    }
  ])
)

const profileName = Argument.String("name").pipe(Argument.withDescription("Name of the profile"))

const list = Command.make("list", {}, () =>
  Effect.gen(function* () {
    const { current, profiles } = yield* Profiles.read
    yield* presentItems(
      Object.entries(profiles).map(([name, { baseUrl, key }]) => ({
        name,
        current: name === current,
        baseUrl,
        key: "file" in key ? `file ${key.file}` : "keychain" in key ? "keychain" : `variable ${key.environment}`
      })),
      [{ name: "name" }, { name: "current" }, { name: "baseUrl" }, { name: "key" }]
    )
  })
).pipe(
  Command.withDescription("List the saved profiles"),
  Command.withExamples([{ command: "effect-carto profiles list", description: "Names, accounts, and where keys are" }])
)

const use = Command.make(
  "use",
  { name: profileName },
  Effect.fnUntraced(function* ({ name }) {
    yield* Profiles.find(name)
    yield* Profiles.write({ ...(yield* Profiles.read), current: name })
    yield* message(`Commands use the profile "${name}" from now on.`)
  })
).pipe(
  Command.withDescription("Choose the profile that commands use"),
  Command.withExamples([{ command: "effect-carto profiles use alice", description: "Until another is chosen" }])
)

const remove = Command.make(
  "remove",
  { name: profileName },
  Effect.fnUntraced(function* ({ name }) {
    const { key } = yield* Profiles.find(name)
    yield* confirm(`Remove the profile "${name}"?`)
    const { current, profiles } = yield* Profiles.read
    const { [name]: _removed, ...rest } = profiles
    yield* Profiles.write({
      ...(current === undefined || current === name ? {} : { current }),
      profiles: rest
    })
    const files = yield* FileSystem.FileSystem
    if ("keychain" in key) yield* Keychain.remove(name)
    if ("file" in key && key.file === (yield* Profiles.keyFile(name))) {
      yield* Effect.ignore(files.remove(key.file, { force: true }))
    }
    yield* message(`Removed the profile "${name}".`)
  })
).pipe(
  Command.withDescription("Remove a profile, and the key that login saved for it"),
  Command.withExamples([{ command: "effect-carto profiles remove alice --yes", description: "Without a question" }])
)

/** `effect-carto profiles` */
export const profiles = Command.make("profiles").pipe(
  Command.withDescription("Saved accounts"),
  Command.withSubcommands([list, use, remove])
)
