import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { type ApiKey, ApiKeyManager, Grants } from "../../../src/index.ts"
import { type Check, expect, nothing, operation, type Operation } from "../Operation.ts"
import { onLiveClock, type WorldService } from "../World.ts"
import * as reasons from "../../errors/reasonLists.ts"

const grants = { apis: ["sql" as const], tables: [Grants.table("tornadoes", ["select"])] }
const nameOf = (id: string): string => `key ${id} ☃`

/** A key that is there before the operation. */
const prepareKey = (world: WorldService, id: string): Effect.Effect<ApiKey> =>
  world.direct(ApiKeyManager.use((keys) => keys.create({ name: nameOf(id), ...grants })))

const isKey = (value: ApiKey, key: ApiKey | undefined): boolean =>
  key !== undefined && value.name === key.name && Redacted.value(value.token) === Redacted.value(key.token)

/** Keys of a name, and that the one which was handed out works. */
const handedOut = (world: WorldService, value: ApiKey, id: string): Check =>
  Effect.gen(function* () {
    const all = yield* world.keys(nameOf(id))
    return [
      ...expect(`${all.length} keys in the place of one`, all.length === 1),
      ...expect("the key that was handed out is not the server's", isKey(value, all[0]))
    ]
  })

const isThere = (world: WorldService, id: string): Effect.Effect<number> =>
  Effect.map(world.keys(nameOf(id)), (all) => all.length)

export const keys: ReadonlyArray<Operation> = [
  operation(
    "ApiKeyManager.create",
    {
      prepare: nothing
    },
    (_, id) => ApiKeyManager.use((keys) => keys.create({ name: nameOf(id), ...grants })),
    {
      done: (world, value, _, id) => handedOut(world, value, id),
      notDone: (world, mayBeDone, _, id) =>
        Effect.map(isThere(world, id), (count) =>
          expect(`${count} keys were made`, count === 0 || (mayBeDone && count === 1))
        )
    }
  )(reasons.create),
  operation(
    "ApiKeyManager.get",
    {
      prepare: prepareKey
    },
    (key) => ApiKeyManager.use((keys) => keys.get(key.name)),
    {
      done: (_, value, key) => Effect.succeed(expect("another key", isKey(value, key)))
    }
  )(reasons.methods["ApiKeyManager.get"]),
  operation(
    "ApiKeyManager.getOption",
    {
      prepare: prepareKey
    },
    (key) => ApiKeyManager.use((keys) => keys.getOption(key.name)),
    {
      done: (_, value, key) =>
        Effect.succeed(
          expect(
            "no key, or another",
            Option.exists(value, (found) => isKey(found, key))
          )
        )
    }
  )(reasons.account),
  operation(
    "ApiKeyManager.list",
    {
      prepare: prepareKey
    },
    () => ApiKeyManager.use((keys) => keys.list({ type: "regular" })),
    {
      done: (_, value, key) =>
        Effect.succeed(
          expect(
            "the key is missing",
            value.some((found) => isKey(found, key))
          )
        )
    }
  )(reasons.account),
  operation(
    "ApiKeyManager.stream",
    {
      isStream: true,
      // whose keys nobody deletes meanwhile, so that no page begins later than it did
      account: (world, id) => world.ownAccount(`own${id}`),
      prepare: (_, id, account) =>
        ApiKeyManager.use((keys) => keys.create({ name: nameOf(id), apis: ["sql"] })).pipe(
          Effect.provide(account.direct),
          Effect.orDie,
          onLiveClock
        )
    },
    // a few more than there can be: whoever takes a stream decides how much of it
    () => ApiKeyManager.use((keys) => keys.stream({ pageSize: 1 }).pipe(Stream.take(500), Stream.runCollect)),
    {
      done: (_, value, key) =>
        Effect.succeed(expect("not the three keys", value.length === 3 && value.some((found) => isKey(found, key))))
    }
  )(reasons.account),
  operation(
    "ApiKeyManager.regenerate",
    {
      at: ({ method }) => method === "POST",
      prepare: prepareKey
    },
    (key) => ApiKeyManager.use((keys) => keys.regenerate(key)),
    {
      done: (world, value, old, id) =>
        Effect.map(handedOut(world, value, id), (problems) => [
          ...problems,
          ...expect("the old token again", Redacted.value(value.token) !== Redacted.value(old.token))
        ]),
      notDone: (world, mayBeDone, old) =>
        Effect.map(world.key(old.name), (key) => [
          ...expect("the key is gone", key !== undefined),
          ...expect("the token was changed", mayBeDone || (key !== undefined && isKey(old, key)))
        ])
    }
  )(reasons.regenerate),
  operation(
    "ApiKeyManager.regenerate, the master key",
    {
      at: ({ method }) => method === "POST",
      account: (world, id) => world.ownAccount(`own${id}`),
      prepare: (world, id) => Effect.sync(() => world.masterKey(`own${id}`))
    },
    () => ApiKeyManager.use((keys) => keys.regenerate("Master")),
    {
      done: (world, value, old, id) =>
        Effect.sync(() => [
          ...expect("another token than the server's", world.masterKey(`own${id}`) === Redacted.value(value.token)),
          ...expect("the old token again", Redacted.value(value.token) !== old)
        ]),
      notDone: (world, mayBeDone, old, id) =>
        Effect.sync(() => expect("the token was changed", mayBeDone || world.masterKey(`own${id}`) === old))
    }
  )(reasons.regenerate),
  operation(
    "ApiKeyManager.delete",
    { isIdempotent: true, prepare: prepareKey },
    (key) => ApiKeyManager.use((keys) => keys.delete(key)),
    {
      done: (world, _, __, id) =>
        Effect.map(isThere(world, id), (count) => expect("the key is still there", count === 0)),
      notDone: (world, mayBeDone, _, id) =>
        Effect.map(isThere(world, id), (count) => expect("the key is gone", count === 1 || mayBeDone))
    }
  )(reasons.remove),
  operation(
    "ApiKeyManager.whoami",
    {
      prepare: nothing
    },
    () => ApiKeyManager.use((keys) => keys.whoami),
    {
      done: (_, value) => Effect.succeed(expect("not the master key", value.type === "master"))
    }
  )(reasons.methods["ApiKeyManager.whoami"]),
  operation(
    "ApiKeyManager.isValid",
    {
      prepare: prepareKey
    },
    (key) => ApiKeyManager.use((keys) => keys.isValid(key)),
    {
      done: (_, value) => Effect.succeed(expect("said to be invalid", value))
    }
  )(reasons.accountOfAnyKey)
]
