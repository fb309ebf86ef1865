/**
 * Runs two actors in every order: at each step one of them does its next request, publishes, ends its wait, or crashes. Orders
 * are bounded by how often the turn may change before its actor has ended, and by crashes.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/** The grace of all actors. A sleep of this length is a step; other sleeps, those of deadlines, never end. */
export const grace: Duration.Duration = Duration.millis(654_321)

/** What an actor awaits before each of its steps. */
export type Pass = (label: string) => Promise<void>

export interface Actor {
  readonly name: string
  /** Runs with a clock on which waits are steps. */
  readonly run: (pass: Pass) => Effect.Effect<unknown, unknown>
}

export interface Bounds {
  readonly switches: number
  readonly crashes: number
}

/** One order of steps: at each step, the number of the chosen one of those that were possible. */
type Choices = ReadonlyArray<number>

/** Chooses one of so many possible steps, of which the last ones are crashes. */
type Choose = (step: number, possible: number, crashes: number) => number

export interface Run {
  readonly steps: ReadonlyArray<string>
  /** `undefined` for an actor that crashed. */
  readonly exits: ReadonlyArray<Exit.Exit<unknown, unknown> | undefined>
}

interface State {
  pending: { readonly label: string; readonly go: () => void } | undefined
  exit: Exit.Exit<unknown, unknown> | undefined
  isCrashed: boolean
  arrived: () => void
}

const clockOf = (pass: Pass): Clock.Clock => {
  const live = Effect.runSync(Clock.Clock)
  return {
    currentTimeMillisUnsafe: () => live.currentTimeMillisUnsafe(),
    currentTimeMillis: live.currentTimeMillis,
    currentTimeNanosUnsafe: () => live.currentTimeNanosUnsafe(),
    currentTimeNanos: live.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => live.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: live.monotonicTimeNanos,
    sleep: (duration) => (Duration.equals(duration, grace) ? Effect.promise(() => pass("wait")) : Effect.never)
  }
}

interface Option {
  readonly actor: number
  readonly crash: boolean
}

/** Runs one order. */
const runOne = async (
  actors: ReadonlyArray<Actor>,
  bounds: Bounds,
  choose: Choose,
  check: (steps: ReadonlyArray<string>) => void
): Promise<Run & { readonly widths: ReadonlyArray<number> }> => {
  const steps: Array<string> = []
  const widths: Array<number> = []
  const states = actors.map((): State => ({ pending: undefined, exit: undefined, isCrashed: false, arrived: () => {} }))
  const arrivals = actors.map((actor, index) => {
    const state = states[index]
    if (state === undefined) throw new Error("no state")
    const pass: Pass = (label) =>
      new Promise((resolve) => {
        state.pending = { label, go: resolve }
        state.arrived()
      })
    return {
      state,
      /** Goes on until the next step of the actor, or to its end. */
      proceed: (go: () => void) =>
        new Promise<void>((resolve) => {
          state.arrived = resolve
          go()
        }),
      start: () => {
        Effect.runCallback(Effect.provideService(actor.run(pass), Clock.Clock, clockOf(pass)), {
          onExit: (exit) => {
            state.exit = exit
            state.arrived()
          }
        })
      }
    }
  })
  for (const { proceed, start } of arrivals) await proceed(start)

  let turn = 0
  let switches = 0
  let crashes = 0
  for (;;) {
    const isRunnable = (index: number) => {
      const state = states[index]
      return state !== undefined && state.exit === undefined && !state.isCrashed
    }
    const label = (index: number) => states[index]?.pending?.label ?? ""
    // what is published is out before a grace has passed that begins later: a publication is short
    const isReady = (index: number) =>
      isRunnable(index) &&
      !(
        label(index) === "wait" &&
        states.some((_, other) => other !== index && isRunnable(other) && label(other).startsWith("publish"))
      )
    const ready = states.map((_, index) => index).filter(isReady)
    if (ready.length === 0) break
    const mayStay = ready.includes(turn)
    const first = mayStay ? turn : ready[0]
    const ends = crashes < bounds.crashes ? ready.map((actor) => ({ actor, crash: true })) : []
    const options: Array<Option> = [
      { actor: first ?? 0, crash: false },
      ...ready
        .filter((index) => index !== first && (!mayStay || switches < bounds.switches))
        .map((actor) => ({ actor, crash: false })),
      ...ends
    ]
    const option = options[choose(widths.length, options.length, ends.length)]
    if (option === undefined) throw new Error("no such choice")
    widths.push(options.length)
    const arrival = arrivals[option.actor]
    if (arrival === undefined) throw new Error("no such actor")
    const { state } = arrival
    if (option.crash) {
      crashes++
      state.isCrashed = true
      steps.push(`${actors[option.actor]?.name} crashes before ${label(option.actor)}`)
      continue
    }
    if (option.actor !== turn && mayStay) switches++
    turn = option.actor
    steps.push(`${actors[option.actor]?.name}: ${label(option.actor)}`)
    const { pending } = state
    state.pending = undefined
    await arrival.proceed(() => pending?.go())
    check(steps)
  }
  return { steps, widths, exits: states.map(({ exit }) => exit) }
}

/** What to run in one order: fresh actors, and the rules that hold after each step and at the end. */
export interface Scenario {
  readonly actors: ReadonlyArray<Actor>
  readonly check: (steps: ReadonlyArray<string>) => void
  readonly end: (run: Run) => Promise<void>
}

/** Runs all orders within the bounds. Answers how many there are. */
export const explore = async (make: () => Promise<Scenario>, bounds: Bounds): Promise<number> => {
  const open: Array<Choices> = [[]]
  let orders = 0
  for (let choices = open.pop(); choices !== undefined; choices = open.pop()) {
    const { actors, check, end } = await make()
    const given = choices
    const done = await runOne(actors, bounds, (step) => given[step] ?? 0, check)
    orders++
    await end(done)
    // the other choices at each step behind the given ones
    for (let at = choices.length; at < done.widths.length; at++) {
      const prefix = [...choices, ...Array.from({ length: at - choices.length }, () => 0)]
      for (let other = 1; other < (done.widths[at] ?? 1); other++) open.push([...prefix, other])
    }
  }
  return orders
}

/** Runs one order at random: every twentieth step is a crash, as long as the bounds allow one. */
export const sample = async (
  make: () => Promise<Scenario>,
  bounds: Bounds,
  random: (below: number) => number
): Promise<void> => {
  const { actors, check, end } = await make()
  const choose: Choose = (_, possible, crashes) =>
    crashes > 0 && random(20) === 0 ? possible - 1 - random(crashes) : random(possible - crashes)
  await end(await runOne(actors, bounds, choose, check))
}
