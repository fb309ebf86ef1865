/** Keys in the keychain of the system, through the package `@napi-rs/keyring`, which is loaded only when it is asked for. */
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { failed, usage } from "../failure.ts"

/** What is used of an entry of the package. */
interface Entry {
  readonly getPassword: () => string | null
  readonly setPassword: (password: string) => void
  readonly deletePassword: () => boolean
}

const methods = ["getPassword", "setPassword", "deletePassword"]

const isEntry = (value: unknown): value is Entry =>
  methods.every((method) => hasProperty(value, method) && typeof value[method] === "function")

const packageName = "@napi-rs/keyring"

const open = Effect.fnUntraced(function* (profile: string) {
  const loaded: unknown = yield* Effect.tryPromise({
    // not a literal: bundlers leave it alone
    try: (): Promise<unknown> => import(packageName),
    catch: () => usage(`the system keychain needs the package ${packageName}: npm install ${packageName}`)
  })
  const made: unknown = yield* Effect.try({
    try: (): unknown => {
      if (!hasProperty(loaded, "Entry") || typeof loaded.Entry !== "function") return undefined
      return Reflect.construct(loaded.Entry, ["effect-carto", profile])
    },
    catch: (error) =>
      failed(`the system keychain cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  })
  return isEntry(made) ? made : yield* failed(`this version of ${packageName} is not known; update effect-carto`)
})

const use = <A>(profile: string, work: (entry: Entry) => A) =>
  Effect.flatMap(open(profile), (entry) =>
    Effect.try({
      try: () => work(entry),
      catch: (error) =>
        failed(`the system keychain cannot be used: ${error instanceof Error ? error.message : String(error)}`)
    })
  )

/** The key of a profile. */
export const get = (profile: string) =>
  use(profile, (entry) => entry.getPassword()).pipe(
    Effect.filterOrFail(
      (key) => key !== null,
      () => usage(`the system keychain has no key of the profile "${profile}": run effect-carto login again`)
    ),
    Effect.map((key) => Redacted.make(key))
  )

export const set = (profile: string, key: Redacted.Redacted<string>) =>
  use(profile, (entry) => entry.setPassword(Redacted.value(key)))

/** Deletes the key of a profile; there may be none. */
export const remove = (profile: string) => Effect.ignore(use(profile, (entry) => entry.deletePassword()))
