/** Looks at the beginning of a stream and leaves the stream whole. */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"

/** The elements until `isEnough`, and a stream of all elements. The stream may be run once. */
export const peek = Effect.fnUntraced(function* <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  isEnough: (head: ReadonlyArray<A>) => boolean
) {
  const pull = yield* Stream.toPull(stream)
  const head: Array<A> = []
  let ended = false
  while (!ended && !isEnough(head)) {
    const next = yield* Pull.catchDone(pull, () => Effect.undefined)
    if (next === undefined) ended = true
    else head.push(...next)
  }
  const rest = ended ? Stream.empty : Stream.fromPull(Effect.succeed(pull))
  return { head, stream: Stream.concat(Stream.fromIterable(head), rest) }
})
