/** Public operations with their declared results and the state that the server must have afterwards. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Carto, CartoError, CartoErrorReason } from "../../src/index.ts"
import type { Incoming } from "./Http.ts"
import { type Account, World, type WorldService } from "./World.ts"

export type Tag = CartoErrorReason["_tag"]

/** What is wrong on the server. */
export type Check = Effect.Effect<ReadonlyArray<string>>

/** One use of an operation. */
export interface Use {
  readonly account: Account
  /** Whose result says what to look at on the server. */
  readonly run: Effect.Effect<Check, CartoError, Carto.CartoServices | Scope.Scope>
  /** `isForged`: what the server is made to say is not what it did. */
  readonly failed: (reason: CartoErrorReason, isForged: boolean) => Check
}

export interface Operation {
  readonly name: string
  /** Tags of the reasons that its type names. */
  readonly declared: ReadonlySet<string>
  /** The request that decides; the first one by default. */
  readonly at: (request: Incoming) => boolean
  /** Whether it is made of other operations. */
  readonly isComposite: boolean
  /** Whether it changes anything on the server. */
  readonly writes: boolean
  /** Whether it may go on for as long as the server likes: its caller ends it. */
  readonly isStream: boolean
  readonly begin: (id: string) => Effect.Effect<Use, never, World>
}

interface Spec<P> {
  readonly at?: (request: Incoming) => boolean
  readonly isComposite?: boolean
  readonly isIdempotent?: boolean
  readonly isStream?: boolean
  readonly account?: (world: WorldService, id: string) => Effect.Effect<Account>
  readonly prepare: (world: WorldService, id: string, account: Account) => Effect.Effect<P>
}

interface Checks<P, A> {
  /** What is wrong after a success. */
  readonly done?: (world: WorldService, value: A, prepared: P, id: string) => Check
  /** What is wrong after a failure, which says that nothing was done unless `mayBeDone`. */
  readonly notDone?: (world: WorldService, mayBeDone: boolean, prepared: P, id: string) => Check
}

const lost: ReadonlySet<Tag> = new Set<Tag>([
  "DeadlineExceeded",
  "RedirectRefused",
  "ResponseMalformed",
  "ResponseTooLarge",
  "ServerUnavailable",
  "TransportFailed"
])

/** Whether a failure leaves open what was done: to say so is a reason of its own, unless doing it twice is the same as once. */
const mayBeDone = (reason: CartoErrorReason, isIdempotent: boolean): boolean =>
  reason._tag === "OutcomeUnknown" || (isIdempotent && lost.has(reason._tag))

/** What operations prepare that need nothing. */
export const nothing = (): Effect.Effect<void> => Effect.void

const right: Check = Effect.succeed([])

type TagOf<E extends CartoError> = E["reason"]["_tag"]

/** Each reason of a type once: what is not one of them, and what is missing, does not compile. */
type Exactly<Tag extends string, Tags> = Readonly<Record<Tag, true>> & Readonly<Record<Exclude<keyof Tags, Tag>, never>>

export const operation =
  <P, A, E extends CartoError>(
    name: string,
    {
      account: accountOf,
      at = () => true,
      isComposite = false,
      isIdempotent = false,
      isStream = false,
      prepare
    }: Spec<P>,
    run: (prepared: P, id: string) => Effect.Effect<A, E, Carto.CartoServices | Scope.Scope>,
    { done, notDone }: Checks<P, A> = {}
  ): (<Tags>(tags: Tags & Exactly<TagOf<E>, Tags>) => Operation) =>
  (tags) => ({
    name,
    declared: new Set(Object.keys(tags)),
    at,
    isComposite,
    isStream,
    writes: notDone !== undefined,
    begin: (id) =>
      Effect.gen(function* () {
        const world = yield* World
        const account = accountOf === undefined ? world.demo : yield* accountOf(world, id)
        const prepared = yield* prepare(world, id, account)
        return {
          account,
          run: Effect.map(run(prepared, id), (value) => done?.(world, value, prepared, id) ?? right),
          failed: (reason, isForged) =>
            notDone?.(world, isForged || mayBeDone(reason, isIdempotent), prepared, id) ?? right
        }
      })
  })

/** Whether something was done once, or not at all: as it was said. */
export const times = (what: string, count: Effect.Effect<number>, expected: ReadonlyArray<number>): Check =>
  Effect.map(count, (found) => (expected.includes(found) ? [] : [`${found} ${what}, not ${expected.join(" or ")}`]))

/** What writes all of so many or nothing: as it was said. */
export const allOrNothing = (
  what: string,
  count: (world: WorldService, id: string) => Effect.Effect<number>,
  all = 1
): Required<Checks<unknown, unknown>> => ({
  done: (world, _, __, id) => times(what, count(world, id), [all]),
  notDone: (world, mayBeDone, _, id) => times(what, count(world, id), mayBeDone ? [0, all] : [0])
})

export const expect = (what: string, isSo: boolean): ReadonlyArray<string> => (isSo ? [] : [what])
