/**
 * Watches a program for secrets: everything it logs at any level, every span with its attributes and events, every request's
 * URL, and its failure in all its renderings. What it saw can be searched for a token.
 */
import { Cause, Effect, type Exit, Layer, Logger, References, Tracer } from "effect"
import { inspect } from "node:util"

export interface Canary {
  /** Everything that was seen, as text. */
  readonly seen: () => string
  readonly layer: Layer.Layer<never>
  /** A fetch that notes URLs. */
  readonly watch: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch
  readonly note: (value: unknown) => void
}

const render = (value: unknown): string => {
  let json = ""
  try {
    json = JSON.stringify(value) ?? ""
  } catch {
    json = "(no JSON)"
  }
  return [
    json,
    String(value),
    inspect(value, { depth: 20, showHidden: true }),
    value instanceof Error ? value.stack : ""
  ].join("\n")
}

export const makeCanary = (): Canary => {
  const notes: Array<string> = []
  const note = (value: unknown): void => void notes.push(render(value))
  const logger = Logger.make((options) => {
    note(options.message)
    note(Cause.pretty(options.cause))
  })
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      notes.push(options.name)
      const { attribute, end, event } = span
      span.attribute = (key, value) => {
        notes.push(key)
        note(value)
        attribute.call(span, key, value)
      }
      span.event = (name, time, attributes) => {
        notes.push(name)
        note(attributes)
        event.call(span, name, time, attributes)
      }
      span.end = (time: bigint, exit: Exit.Exit<unknown, unknown>) => {
        if (exit._tag === "Failure") {
          // a transport's own failure can hold bytes that it could not parse: who shows spans shows its message
          if (span.kind !== "client") note(exit)
          notes.push(Cause.pretty(exit.cause))
        }
        note([...span.attributes])
        end.call(span, time, exit)
      }
      return span
    }
  })
  return {
    seen: () => notes.join("\n"),
    note,
    watch: (fetch) => (input, init) => {
      note(input instanceof Request ? input.url : String(input))
      return fetch(input, init)
    },
    layer: Layer.mergeAll(
      Logger.layer([logger]),
      Layer.succeed(Tracer.Tracer, tracer),
      Layer.succeed(References.MinimumLogLevel, "All" as const)
    )
  }
}

/** Runs an effect under the canary, its failure included. */
export const underCanary = <A, E, R>(
  canary: Canary,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Exit.Exit<A, E>, never, R> =>
  effect.pipe(
    Effect.tapCause((cause) => Effect.logError("it failed", cause)),
    Effect.exit,
    Effect.tap((exit) => Effect.sync(() => exit._tag === "Failure" && canary.note(exit.cause))),
    Effect.provide(canary.layer)
  )
