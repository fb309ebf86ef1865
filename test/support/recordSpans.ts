import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/** Runs an effect to its end; answers with the spans that it had, in their order. */
export const recordSpans = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyArray<Tracer.NativeSpan>, E, R> =>
  Effect.suspend(() => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.as(Effect.withTracer(effect, tracer), spans)
  })
