/** Saved accounts: a base URL, and where the key is. Kept in `profiles.json` of the user's configuration folder, mode 0600. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as UserDirectories from "effect/persistence/UserDirectories"
import * as Schema from "effect/Schema"
import { failed, usage } from "../failure.ts"

/** Where a profile's key is read from, each time it is used. */
const KeyReference = Schema.Union([
  Schema.Struct({ environment: Schema.String }),
  Schema.Struct({ file: Schema.String }),
  Schema.Struct({ keychain: Schema.Literal(true) })
])
export type KeyReference = typeof KeyReference.Type

const ProfileSchema = Schema.Struct({
  baseUrl: Schema.String,
  username: Schema.optionalKey(Schema.String),
  key: KeyReference
})
export type Profile = typeof ProfileSchema.Type

const Profiles = Schema.Struct({
  current: Schema.optionalKey(Schema.String),
  profiles: Schema.Record(Schema.String, ProfileSchema)
})
export type Profiles = typeof Profiles.Type

const File = Schema.fromJsonString(Profiles)

const none: Profiles = { profiles: {} }

const folder = Effect.gen(function* () {
  const directories = yield* UserDirectories.UserDirectories
  return yield* directories.config("effect-carto")
}).pipe(Effect.mapError((error) => failed(`the folder for profiles is not known: ${error.message}`)))

const file = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(yield* folder, "profiles.json")
})

/** The saved profiles; none if there is no file yet. */
export const read = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const name = yield* file
  if (!(yield* Effect.orElseSucceed(files.exists(name), () => false))) return none
  return yield* files.readFileString(name).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(File)),
    Effect.mapError((error) => failed(`${name} cannot be read: ${error.message}`))
  )
})

/** Writes a file that only its owner can read: a reader finds the old text or the new one, never a part. */
const writePrivate = Effect.fnUntraced(function* (name: string, text: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const temporary = `${name}.${globalThis.crypto.randomUUID()}`
  yield* Effect.gen(function* () {
    yield* files.makeDirectory(path.dirname(name), { recursive: true, mode: 0o700 })
    yield* files.writeFileString(temporary, text, { mode: 0o600, flag: "wx" })
    yield* files.rename(temporary, name)
  }).pipe(
    Effect.onError(() => Effect.ignore(files.remove(temporary, { force: true }))),
    Effect.mapError((error) => failed(`${name} cannot be written: ${error.message}`))
  )
})

/** Replaces the saved profiles. */
export const write = Effect.fnUntraced(function* (profiles: Profiles) {
  yield* writePrivate(yield* file, `${JSON.stringify(profiles, undefined, 2)}\n`)
})

/** The file in which `login` keeps a key that was typed in. */
export const keyFile = Effect.fnUntraced(function* (name: string) {
  const path = yield* Path.Path
  return path.join(yield* folder, "keys", encodeURIComponent(name))
})

/** Saves a typed key; returns the file's name. */
export const writeKey = Effect.fnUntraced(function* (name: string, token: string) {
  const target = yield* keyFile(name)
  yield* writePrivate(target, token)
  return target
})

/** A profile by name. Fails with exit code 2 and the names that there are. */
export const find = Effect.fnUntraced(function* (name: string) {
  const { profiles } = yield* read
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (found !== undefined) return found
  const names = Object.keys(profiles)
  return yield* usage(
    names.length === 0
      ? `there is no profile "${name}"; save one with: effect-carto login --profile ${name} --base-url URL`
      : `there is no profile "${name}"; there are: ${names.join(", ")}`
  )
})
