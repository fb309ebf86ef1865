/** Pairs of concurrent calls on the same keys, and the rules that always hold. */
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { FetchHttpClient } from "effect/http"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { type ApiKey, ApiKeyManager, Carto, isCartoError } from "../../../src/index.ts"
import type { DesiredKeys } from "../../../src/keys/DesiredKeys.ts"
import * as Lease from "../../../src/keys/Lease.ts"
import * as LeasePool from "../../../src/keys/LeasePool.ts"
import * as Plan from "../../../src/keys/Plan.ts"
import * as Rotation from "../../../src/keys/Rotation.ts"
import { type AuthApi, makeAuthApi } from "./AuthApi.ts"
import { type Actor, grace, type Pass, type Run, type Scenario } from "./schedules.ts"

/** What the consumers of each name use: the token that was published last. */
type Published = Map<string, { readonly name: string; readonly token: string }>

interface World {
  readonly api: AuthApi
  readonly published: Published
}

type Program = (
  publish: (key: ApiKey) => Effect.Effect<void>,
  world: World
) => Effect.Effect<unknown, unknown, Carto.CartoServices>

const never: Pass = () => Promise.resolve()

/** Where requests of an actor go. Orders run one after another, and an actor that crashed sends nothing more. */
interface Slot {
  api: AuthApi
  pass: Pass
}

const makeSlot = (): Slot & { readonly services: Promise<Context.Context<Carto.CartoServices>> } => {
  const slot: Slot = { api: makeAuthApi(), pass: never }
  const layer = Carto.layer({
    baseUrl: "https://demo.carto.com",
    apiKey: Redacted.make("master"),
    schema: "public",
    retry: false
  }).pipe(
    Layer.provide(Layer.fresh(FetchHttpClient.layer)),
    Layer.provide(
      Layer.succeed(FetchHttpClient.Fetch, (input, init) => slot.api.answer(new Request(input, init), slot.pass))
    ),
    Layer.orDie
  )
  return Object.assign(slot, { services: Effect.runPromise(Layer.buildWithScope(layer, Scope.makeUnsafe())) })
}

// services are built once: that takes longer than most orders
const slots = [makeSlot(), makeSlot()]
const recoverySlot = makeSlot()

const provideSlot = <A, E>(
  effect: Effect.Effect<A, E, Carto.CartoServices>,
  slot: ReturnType<typeof makeSlot>,
  { api }: World,
  pass: Pass
): Effect.Effect<A, E> => {
  slot.api = api
  slot.pass = pass
  return Effect.flatMap(
    Effect.promise(() => slot.services),
    (services) => Effect.provideContext(effect, services)
  )
}

const publishTo =
  ({ published }: World, pass: Pass) =>
  (key: ApiKey) =>
    Effect.promise(async () => {
      await pass(`publish ${key.name}`)
      published.set(Rotation.baseName(key.name), { name: key.name, token: Redacted.value(key.token) })
    })

const actorOf = (name: string, program: Program, world: World, index: number): Actor => ({
  name,
  run: (pass) => provideSlot(program(publishTo(world, pass), world), slots[index] ?? makeSlot(), world, pass)
})

const maps: DesiredKeys = { prefix: "tiles", keys: [{ name: "tiles", apis: ["maps"] }] }
const both: DesiredKeys = { prefix: "tiles", keys: [{ name: "tiles", apis: ["sql", "maps"] }] }
const same: DesiredKeys = { prefix: "tiles", keys: [{ name: "tiles", apis: ["sql"] }] }
const renamed: DesiredKeys = { prefix: "tiles", keys: [{ name: "tiles-new", apis: ["sql"] }] }

const apply =
  (desired: DesiredKeys): Program =>
  (publish) =>
    Effect.flatMap(Plan.plan(desired), (plan) => Plan.apply(plan, { publish, grace }))

const programs = {
  rotate: (publish) => Rotation.rotate("tiles", { publish, grace }),
  abandon: (publish) => Rotation.abandon("tiles", { publish, grace }),
  finish: () => Rotation.finish("tiles"),
  apply: apply(maps),
  "apply other grants": apply(both),
  "apply the same": apply(same),
  "apply a rename": apply(renamed),
  regenerate: (publish) =>
    Effect.gen(function* () {
      const key = yield* Rotation.current("tiles")
      const next = yield* ApiKeyManager.use((keys) => keys.regenerate(key))
      yield* publish(next)
    }),
  sweep: () => Lease.sweep(),
  pool: () =>
    Effect.scoped(
      Effect.gen(function* () {
        const pool = yield* LeasePool.make({ purpose: "model", idleTimeToLive: 0 })
        yield* Effect.void.pipe(pool.withLease({ apis: ["sql"] }))
      })
    )
} satisfies Readonly<Record<string, Program>>

export type ProgramName = keyof typeof programs

/** Names of the pairs that are run. */
export const pairs: ReadonlyArray<readonly [ProgramName, ProgramName, begun: boolean]> = [
  ["rotate", "abandon", true],
  ["rotate", "abandon", false],
  ["rotate", "rotate", false],
  ["rotate", "finish", true],
  ["abandon", "finish", true],
  ["abandon", "abandon", true],
  ["rotate", "regenerate", false],
  ["abandon", "regenerate", true],
  ["apply", "abandon", true],
  ["apply", "abandon", false],
  ["apply", "rotate", false],
  ["apply", "rotate", true],
  ["apply", "apply", false],
  ["apply", "apply other grants", false],
  ["apply a rename", "apply the same", false],
  ["apply a rename", "rotate", false],
  ["apply a rename", "abandon", true],
  ["apply", "regenerate", false],
  ["rotate", "sweep", false],
  ["rotate", "pool", false],
  ["sweep", "pool", false]
]

/** How a call may end that another one has overtaken. */
const losses = new Set(["ApiKeyNotFound", "PlanStale", "ReplacementOvertaken", "SuccessorLacksGrants"])

const real = ({ keys }: AuthApi, base: string) =>
  [...keys.keys()].filter((name) => name !== "Master" && Rotation.baseName(name) === base && !name.endsWith("~decided"))

const makeScenario = async (
  names: readonly [ProgramName, ProgramName],
  isBegun: boolean,
  makeApi: () => Promise<AuthApi>
): Promise<Scenario> => {
  const world: World = { api: await makeApi(), published: new Map() }
  const { api, published } = world
  const publishNow = (name: string) => published.set("tiles", { name, token: api.keys.get(name)?.token ?? "" })
  await api.add("tiles")
  publishNow("tiles")
  if (isBegun) {
    await api.add("tiles~2")
    publishNow("tiles~2")
  }
  const deletes = names.includes("apply a rename")
  // what an emergency publishes, and when, is not up to the library
  const breaks = names.includes("regenerate")
  const failure = (what: string, steps: ReadonlyArray<string>) =>
    assert.fail(`${what}\n${steps.join("\n")}\nkeys: ${[...api.keys.keys()].join(", ")}`)
  const actors = names.map((name, index) => actorOf(`${name} ${index + 1}`, programs[name], world, index))
  return {
    actors,
    check: (steps) => {
      if (real(api, "tiles").length === 0 && !deletes) failure("no key is left", steps)
      for (const { name, token } of published.values()) {
        if (api.isAlive(token) || breaks || deletes) continue
        failure(`${name} is published and dead`, steps)
      }
    },
    end: async ({ exits, steps }: Run) => {
      for (const [index, exit] of exits.entries()) {
        // a process that has crashed takes its services with it
        if (exit === undefined) slots[index] = makeSlot()
        if (exit === undefined || Exit.isSuccess(exit)) continue
        const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
        const tag = isCartoError(error) ? error.reason._tag : Cause.pretty(exit.cause)
        if (!losses.has(tag)) failure(`${names[index]} fails with ${tag}`, steps)
      }
      // who says "unchanged" or "applied" has a key, unless a deletion was applied later
      const isWanted = deletes && names.includes("apply the same")
      const last = exits[names.indexOf("apply the same")]
      if (isWanted && last !== undefined && exits.every((exit) => exit !== undefined && Exit.isSuccess(exit))) {
        const order = (name: string) => steps.findLastIndex((step) => step.startsWith(name))
        const deletion = steps.findIndex((step) => /^apply a rename.*: (POST tiles~decided|DELETE tiles$)/.test(step))
        if (order("apply the same") > deletion && deletion >= 0 && real(api, "tiles").length === 0) {
          failure("both plans succeed and no key is left", steps)
        }
      }
      const run = <A, E>(effect: Effect.Effect<A, E, Carto.CartoServices>) =>
        Effect.runPromiseExit(provideSlot(effect, recoverySlot, world, never))
      const publish = publishTo(world, never)
      const recovery: Effect.Effect<unknown, unknown, Carto.CartoServices> = deletes
        ? Effect.flatMap(Plan.plan(same), (plan) => Plan.apply(plan, { publish, grace: 0 }))
        : names[0].startsWith("apply")
          ? Effect.gen(function* () {
              // what was abandoned is completed first
              yield* Effect.flatMap(Plan.plan(maps), (plan) => Plan.apply(plan, { publish, grace: 0 }))
              yield* Effect.flatMap(Plan.plan(maps), (plan) => Plan.apply(plan, { publish, grace: 0 }))
            })
          : Rotation.resume("tiles", { publish, grace: 0 })
      const recovered = await run(recovery)
      if (Exit.isFailure(recovered)) failure(`the recovery fails: ${Cause.pretty(recovered.cause)}`, steps)
      await run(Lease.sweep({ grace: 0 }))
      const left = [...api.keys.keys()].filter((name) => name !== "Master" && !name.startsWith("lease~"))
      if (left.length !== 1) failure(`left after the recovery: ${left.join(", ")}`, steps)
      const now = published.get("tiles")
      // a regenerated token that was never published is published by the next rotation
      if (now === undefined || (!api.isAlive(now.token) && !breaks)) {
        failure(`${now?.name} is published and dead after the recovery`, steps)
      }
    }
  }
}

type Pair = (typeof pairs)[number]

/** A pair on fresh keys, in memory if nothing else is given. */
export const scenarioOf =
  ([first, second, isBegun]: Pair, makeApi = () => Promise.resolve(makeAuthApi())) =>
  (): Promise<Scenario> =>
    makeScenario([first, second], isBegun, makeApi)

export const nameOf = ([first, second, isBegun]: Pair): string =>
  `${first} and ${second}${isBegun ? ", with a rotation under way" : ""}`
