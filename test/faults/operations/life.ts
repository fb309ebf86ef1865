/** Leases, rotation and plans, which are built from the other operations. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type ApiKey, ApiKeyManager, Auth, type Carto, type CartoError, Sql, sql } from "../../../src/index.ts"
import * as Lease from "../../../src/keys/Lease.ts"
import * as LeaseName from "../../../src/keys/internal/lifecycle/leaseName.ts"
import * as LeasePool from "../../../src/keys/LeasePool.ts"
import * as Plan from "../../../src/keys/Plan.ts"
import * as Rotation from "../../../src/keys/Rotation.ts"
import { type Check, expect, nothing, operation, type Operation, times } from "../Operation.ts"
import { readsNumbers as grants, type WorldService } from "../World.ts"
import * as reasons from "../../errors/reasonLists.ts"
import { creation, deletion } from "./requests.ts"

const count = Sql.use((db) => db.query(sql`SELECT count(*)::int AS n FROM numbers`, { cacheable: true }))

const options = (id: string) => ({ purpose: `p${id}`, owner: "faults", ...grants })
const leases = (world: WorldService, id: string) => world.keys(`lease~p${id}~`)

/** The name of a lease that ended long ago, even by a clock that has only begun. */
const leaseName = (id: string): string =>
  LeaseName.format(LeaseName.make({ purpose: `p${id}`, owner: `o${id}`, deadline: new Date(-86_400_000) }))

/** No key is left, but for what a sweep finds: the server's clock is years ahead of the time of leases here. */
const nothingLeft = (world: WorldService, id: string): Check =>
  Effect.gen(function* () {
    const before = yield* leases(world, id)
    yield* world.direct(Effect.forEach(before, () => Lease.sweep({ owner: "faults" })))
    return [
      ...expect(`${before.length} keys in the place of one`, before.length <= 1),
      ...(yield* times(
        "keys that a sweep leaves",
        Effect.map(leases(world, id), (all) => all.length),
        [0]
      ))
    ]
  })

const leavesNothing = {
  done: (world: WorldService, _: unknown, __: unknown, id: string) => nothingLeft(world, id),
  notDone: (world: WorldService, _: unknown, __: unknown, id: string) => nothingLeft(world, id)
}

const base = (id: string): string => `rotated-${id}`
const first = (world: WorldService, id: string): Effect.Effect<ApiKey> =>
  world.direct(ApiKeyManager.use((keys) => keys.create({ name: base(id), ...grants })))
const begun = (world: WorldService, id: string): Effect.Effect<ApiKey> =>
  Effect.tap(first(world, id), (key) => world.direct(Rotation.begin(key, { publish: () => Effect.void })))
const handOver = { publish: () => Effect.void, grace: "1 second" } as const

const generations = (world: WorldService, id: string) =>
  Effect.map(world.keys(base(id)), (all) => all.map(({ name }) => name).toSorted())

/** One key, the one that was handed out, and it works. */
const only = (world: WorldService, value: ApiKey, id: string, ...names: ReadonlyArray<string>): Check =>
  Effect.gen(function* () {
    const found = yield* generations(world, id)
    const key = yield* world.key(value.name)
    return [
      ...expect(`keys ${found.join(", ")}`, found.join() === names.map((name) => `${base(id)}${name}`).join()),
      ...expect(
        "the key that was handed out is not the server's",
        key !== undefined && Redacted.value(key.token) === Redacted.value(value.token)
      )
    ]
  })

/** Whatever happened, some key is there that works; and who repeats it ends with the second generation alone. */
const repeatable = (world: WorldService, key: ApiKey, id: string): Check =>
  Effect.gen(function* () {
    const found = yield* generations(world, id)
    yield* world.direct(Rotation.rotate(key, handOver).pipe(Effect.ignore))
    const after = yield* generations(world, id)
    return [
      ...expect(`${found.length} generations`, found.length >= 1 && found.length <= 3),
      ...expect(`keys ${after.join(", ")} after a repetition`, after.join() === `${base(id)}~2`)
    ]
  })

/** What both makes a key and deletes one: which of them is disturbed. */
const decisive = [
  ["", creation],
  [", its deletion", deletion]
] as const

const applied = {
  ...reasons.create,
  ...reasons.remove,
  ...reasons.query,
  KeyOwnsTables: true,
  ReplacementOvertaken: true
} as const
const succession = { ...applied, SuccessorLacksGrants: true } as const

/** Ends with the key of these generations, or with what can be repeated. */
const rotation = <E extends CartoError>(
  name: string,
  at: typeof creation,
  prepare: typeof first,
  run: (key: ApiKey) => Effect.Effect<ApiKey, E, Carto.CartoServices>,
  ...left: ReadonlyArray<string>
) =>
  operation(name, { at, isComposite: true, prepare }, run, {
    done: (world, value, _, id) => only(world, value, id, ...left),
    notDone: (world, _, key, id) => repeatable(world, key, id)
  })

const desired = (id: string) => ({ prefix: `plan-${id}-`, keys: [{ name: `plan-${id}-a`, ...grants }] })
/** An account that has one key too many, and lacks the desired one. */
const planned = (world: WorldService, id: string) =>
  world.direct(
    Effect.andThen(
      ApiKeyManager.use((keys) => keys.create({ name: `plan-${id}-old`, ...grants })),
      Plan.plan(desired(id))
    )
  )
const converges = (world: WorldService, id: string): Check =>
  Effect.gen(function* () {
    const before = yield* world.keys(`plan-${id}-`)
    const again = yield* world.direct(Effect.flatMap(Plan.plan(desired(id)), (plan) => Plan.apply(plan, handOver)))
    const after = (yield* world.keys(`plan-${id}-`)).map(({ name }) => name)
    return [
      // the old key and the record that it is deleted, the desired key, and its placeholder until it is published
      ...expect(`${before.length} keys`, before.length <= 4),
      ...expect("not the desired keys after a repetition", after.length === 1 && again.keys.size === 1)
    ]
  })

export const life: ReadonlyArray<Operation> = [
  ...decisive.flatMap(([part, at]) => [
    operation(
      `Lease.lease${part}`,
      {
        at,
        isComposite: true,
        prepare: nothing
      },
      (_, id) => Effect.scoped(Effect.flatMap(Lease.lease(options(id)), ({ key }) => Auth.withApiKey(count, key))),
      leavesNothing
    )({ ...reasons.create, ...reasons.query }),
    operation(
      `Lease.withLease${part}`,
      {
        at,
        isComposite: true,
        prepare: nothing
      },
      (_, id) => Lease.withLease(count, options(id)),
      leavesNothing
    )({ ...reasons.create, ...reasons.query, LeaseExpired: true }),
    operation(
      `LeasePool.withLease${part}`,
      {
        at,
        isComposite: true,
        prepare: nothing
      },
      (_, id) =>
        Effect.scoped(
          Effect.flatMap(LeasePool.make({ purpose: `p${id}`, owner: "faults" }), (pool) =>
            pool.withLease(grants)(count)
          )
        ),
      leavesNothing
    )({ ...reasons.create, ...reasons.query, LeaseExpired: true })
  ]),
  operation(
    "Lease.sweep",
    {
      at: deletion,
      isComposite: true,
      prepare: (world, id) =>
        // a lease of somebody who is not there any more
        world.direct(ApiKeyManager.use((keys) => keys.create({ name: leaseName(id), ...grants })))
    },
    (_, id) => Lease.sweep({ owner: `o${id}` }),
    {
      done: (world, { refused }, _, id) =>
        times(
          "keys that are left",
          Effect.map(leases(world, id), (all) => all.length),
          [refused.length]
        ),
      notDone: (world, _, __, id) =>
        Effect.map(leases(world, id), (all) => expect(`${all.length} keys`, all.length <= 1))
    }
  )({
    ...reasons.account,
    ApiKeyProtected: true,
    MasterKeyRequired: true
  }),
  ...decisive.map(([part, at]) =>
    rotation(`Rotation.rotate${part}`, at, first, (key) => Rotation.rotate(key, handOver), "~2")(succession)
  ),
  operation(
    "Rotation.current",
    {
      isComposite: true,
      prepare: first
    },
    (_, id) => Rotation.current(base(id)),
    {
      done: (world, value, _, id) => only(world, value, id, "")
    }
  )({ ...reasons.account, ApiKeyNotFound: true }),
  rotation(
    "Rotation.begin",
    creation,
    first,
    (key) => Rotation.begin(key, { publish: () => Effect.void }),
    "",
    "~2"
  )(succession),
  rotation("Rotation.finish", deletion, begun, (key) => Rotation.finish(key), "~2")(succession),
  rotation("Rotation.resume", deletion, begun, (key) => Rotation.resume(key, handOver), "~2")(succession),
  rotation("Rotation.abandon", deletion, begun, (key) => Rotation.abandon(key, handOver), "")(succession),
  operation(
    "Plan.plan",
    {
      isComposite: true,
      prepare: planned
    },
    (_, id) => Plan.plan(desired(id)),
    {
      done: (world, plan, _, id) =>
        Effect.map(world.keys(`plan-${id}-`), (all) =>
          expect(
            "not what is to be done",
            all.length === 1 && plan.items.map(({ action }) => action).join() === "create,delete"
          )
        )
    }
  )({ ...reasons.account, ...reasons.query }),
  ...decisive.map(([part, at]) =>
    operation(
      `Plan.apply${part}`,
      {
        at,
        isComposite: true,
        prepare: planned
      },
      (plan) => Plan.apply(plan, handOver),
      {
        done: (world, { keys }, _, id) =>
          Effect.map(world.keys(`plan-${id}-`), (all) =>
            expect(
              "not the desired keys",
              all.length === 1 && keys.size === 1 && all[0]?.name.startsWith(`plan-${id}-a~1~`) === true
            )
          ),
        notDone: (world, _, __, id) => converges(world, id)
      }
    )({ ...applied, GrantsDiffer: true, PlanStale: true })
  )
]
