import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { CartoErrorOf, CartoErrorReason } from "../CartoError.ts"
import { cartoError } from "./cartoError.ts"

/** What every public method is wrapped in: a span of its name, and a `CartoError` that says which method failed. */
export const operation =
  (name: string, username: string) =>
  <A, Reason extends CartoErrorReason, R>(
    effect: Effect.Effect<A, Reason, R>
  ): Effect.Effect<A, CartoErrorOf<Reason>, R> =>
    effect.pipe(
      Effect.mapError((reason) => cartoError(name, reason)),
      Effect.withSpan(name, { attributes: { "carto.username": username } })
    )

/** As {@link operation}, of a method that answers with a stream. */
export const streamOperation =
  (name: string, username: string) =>
  <A, Reason extends CartoErrorReason, R>(
    stream: Stream.Stream<A, Reason, R>
  ): Stream.Stream<A, CartoErrorOf<Reason>, R> =>
    stream.pipe(
      Stream.mapError((reason) => cartoError(name, reason)),
      Stream.withSpan(name, { attributes: { "carto.username": username } })
    )
