/** Creates, regenerates and deletes API keys. The row, the database role and the published hash change together. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { ConnectionError, DatabaseError } from "../../database.ts"
import type { ErrorClass } from "../../shared/errorClass.ts"
import { Metadata, type MetadataError } from "../../state/metadata.ts"
import type { Account } from "../account.ts"
import { type AccountNotFound, Accounts } from "../accounts.ts"
import { type ApiKey, defaultName, masterName } from "./apiKey.ts"
import { Grant, section } from "./grant.ts"
import { shapeMessages } from "./grantsShape.ts"
import { isArray, isObject } from "../ruby/jsonSchema.ts"
import * as keyRole from "./keyRole.ts"
import { type Held, held, missing } from "./permissions.ts"
import { isBlank, toColumnText } from "../ruby/values.ts"
import * as secrets from "../secrets.ts"

const ValidationFailedBase: ErrorClass<"ValidationFailed", { readonly messages: ReadonlyArray<string> }> =
  Data.TaggedError("ValidationFailed")
/** The requested key is invalid. `messages` are the application's messages, in its order. */
export class ValidationFailed extends ValidationFailedBase {}

const QuotaReachedBase: ErrorClass<"QuotaReached", { readonly quota: number }> = Data.TaggedError("QuotaReached")
/** The account has its maximum number of regular keys. */
export class QuotaReached extends QuotaReachedBase {}

const UnprocessableBase: ErrorClass<"Unprocessable", { readonly message: string }> = Data.TaggedError("Unprocessable")
/** The application or PostgreSQL refused a valid key while saving it. */
export class Unprocessable extends UnprocessableBase {}

const MalformedGrantBase: ErrorClass<"MalformedGrant", { readonly index: number }> = Data.TaggedError("MalformedGrant")
/** A member of `grants` is not an object. The application does not handle this case. */
export class MalformedGrant extends MalformedGrantBase {}

const KeyGoneBase: ErrorClass<"KeyGone", { readonly name: string }> = Data.TaggedError("KeyGone")
/** Another request deleted the key. */
export class KeyGone extends KeyGoneBase {}

/** The database cannot be reached, or the rows cannot be written. */
export type Unavailable = AccountNotFound | ConnectionError | DatabaseError | MetadataError

/** The API keys of all accounts. */
export interface ApiKeysService {
  /** All keys of an account, including hidden keys, in order of their last update. */
  readonly list: (username: string) => ReadonlyArray<ApiKey>
  /** The present permissions of regular and hidden keys in the database, by role name. */
  readonly held: (
    account: Account,
    keys: ReadonlyArray<ApiKey>
  ) => Effect.Effect<ReadonlyMap<string, Held>, Unavailable>
  /** Creates a regular key, or a hidden key of type `oauth`, from the parameters of a request. */
  readonly create: (
    account: Account,
    options: {
      readonly name: Schema.Json | undefined
      readonly grants: Schema.Json | undefined
      readonly type?: "regular" | "oauth" | undefined
      /**
       * The token, which must differ from the tokens of the account's other keys.
       *
       * @default a random token
       */
      readonly token?: string | undefined
    }
  ) => Effect.Effect<ApiKey, ValidationFailed | QuotaReached | Unprocessable | MalformedGrant | Unavailable>
  /** Gives a key a new token. The old token becomes invalid immediately. */
  readonly regenerate: (
    account: Account,
    name: string
  ) => Effect.Effect<ApiKey, ValidationFailed | KeyGone | Unavailable>
  /** Deletes a regular key. The objects that its role owned pass to the account. */
  readonly delete: (account: Account, name: string) => Effect.Effect<void, KeyGone | Unprocessable | Unavailable>
}

const decodeGrants = Schema.decodeUnknownEffect(Schema.Array(Grant))

const nameMessages = (keys: ReadonlyArray<ApiKey>, name: string): ReadonlyArray<string> => [
  ...(isBlank(name) ? ["Name can't be blank"] : []),
  ...(keys.some((key) => key.name === name) ? ["Name has already been taken"] : []),
  ...(name === masterName || name === defaultName ? ["Name api_key name cannot be Master nor Default public"] : [])
]

const make: Effect.Effect<ApiKeysService, never, Accounts | Metadata> = Effect.gen(function* () {
  const accounts = yield* Accounts
  const metadata = yield* Metadata
  const locks = new Map<string, Semaphore.Semaphore>()

  const list = (username: string) => metadata.rows().keys.filter((key) => key.username === username)

  // Checks and changes of one account's keys must not interleave.
  const exclusively =
    (username: string) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.suspend(() => {
        const lock = locks.get(username) ?? Semaphore.makeUnsafe(1)
        locks.set(username, lock)
        return Effect.uninterruptible(lock.withPermit(effect))
      })

  const find = (username: string, name: string) =>
    Effect.suspend(() => {
      const key = list(username).find((row) => row.name === name)
      return key === undefined ? Effect.fail(new KeyGone({ name })) : Effect.succeed(key)
    })

  const permissionMessages = Effect.fnUntraced(function* (account: Account, grants: ReadonlyArray<Grant>) {
    const asksNothing = section(grants, "database") === undefined
    if (asksNothing) return []
    const kind = yield* missing(yield* accounts.database(account.username), account, grants)
    return kind === undefined ? [] : [`Grants can only grant ${kind} permissions you have`]
  })

  return {
    list,
    held: Effect.fnUntraced(function* (account, keys) {
      const roles = keys.filter(({ type }) => type === "regular" || type === "oauth").map((key) => key.databaseRole)
      if (roles.length === 0) return new Map()
      return yield* held(yield* accounts.database(account.username), roles)
    }),
    create: (account, options) =>
      Effect.gen(function* () {
        const { type = "regular" } = options
        const known = list(account.username)
        const regularKeys = known.filter((key) => key.type === "regular").length
        if (type === "regular" && account.keyQuota !== null && regularKeys >= account.keyQuota) {
          return yield* new QuotaReached({ quota: account.keyQuota })
        }
        const malformedGrant = isArray(options.grants) ? options.grants.findIndex((grant) => !isObject(grant)) : -1
        if (malformedGrant >= 0) return yield* new MalformedGrant({ index: malformedGrant })
        const name = toColumnText(options.name) ?? ""
        const malformed = shapeMessages(options.grants)
        const grants = malformed.length > 0 ? [] : yield* Effect.orDie(decodeGrants(options.grants))
        const messages = [
          ...malformed,
          ...nameMessages(known, name),
          ...(malformed.length > 0 ? [] : yield* permissionMessages(account, grants))
        ]
        if (messages.length > 0) return yield* new ValidationFailed({ messages })
        if (known.some(({ token }) => token === options.token)) {
          return yield* new ValidationFailed({ messages: ["Token has already been taken"] })
        }
        if (section(grants, "apis")?.apis === undefined) {
          return yield* new Unprocessable({ message: 'apis array is needed for type "apis"' })
        }
        const now = yield* Clock.currentTimeMillis
        const key: ApiKey = {
          username: account.username,
          name,
          type,
          token: options.token ?? (yield* secrets.regularToken),
          grants,
          databaseRole: yield* secrets.roleName,
          databasePassword: yield* secrets.rolePassword,
          createdAt: now,
          updatedAt: now
        }
        const database = yield* accounts.database(account.username)
        yield* keyRole
          .create(database, account, key)
          .pipe(Effect.catchTag("DatabaseError", () => Effect.fail(new Unprocessable({ message: "Unexpected error" }))))
        yield* metadata
          .update((rows) => ({ ...rows, keys: [...rows.keys, key] }))
          .pipe(Effect.onError(() => Effect.ignore(keyRole.remove(database, account, key))))
        return key
      }).pipe(exclusively(account.username)),
    regenerate: (account, name) =>
      Effect.gen(function* () {
        const key = yield* find(account.username, name)
        if (key.type === "default") return yield* new ValidationFailed({ messages: [] })
        const messages = yield* permissionMessages(account, key.grants)
        if (messages.length > 0) return yield* new ValidationFailed({ messages })
        const next: ApiKey = {
          ...key,
          token: yield* key.type === "master" ? secrets.masterToken : secrets.regularToken,
          updatedAt: yield* Clock.currentTimeMillis
        }
        const database = yield* accounts.database(account.username)
        yield* database.superuser(keyRole.configure(next))
        yield* metadata.update((rows) => ({ ...rows, keys: [...rows.keys.filter((row) => row !== key), next] }))
        return next
      }).pipe(exclusively(account.username)),
    delete: (account, name) =>
      Effect.gen(function* () {
        const key = yield* find(account.username, name)
        const database = yield* accounts.database(account.username)
        yield* keyRole
          .remove(database, account, key)
          .pipe(Effect.catchTag("DatabaseError", () => Effect.fail(new Unprocessable({ message: "Unexpected error" }))))
        yield* metadata.update((rows) => ({ ...rows, keys: rows.keys.filter((row) => row !== key) }))
      }).pipe(exclusively(account.username))
  }
})

const ApiKeysBase: Context.ServiceClass<ApiKeys, "effect-carto/emulator/ApiKeys", ApiKeysService> = Context.Service<
  ApiKeys,
  ApiKeysService
>()("effect-carto/emulator/ApiKeys")
/** The service of the API keys. */
export class ApiKeys extends ApiKeysBase {
  /** The layer of the API keys. */
  static readonly layer: Layer.Layer<ApiKeys, never, Accounts | Metadata> = Layer.effect(ApiKeys, make)
}
