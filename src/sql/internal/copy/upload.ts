/** The request of an upload. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { DeadlineExceeded, type InvalidInput, type OutcomeUnknown } from "../../../errors/Call.ts"
import { CopyLimitExceeded, NoRowsCopied } from "../../../errors/Copy.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { refuse } from "../../../errors/internal/invalidInput.ts"
import { isObject, parse } from "../../../errors/internal/json.ts"
import type { Wire } from "../../../http/client.ts"
import { CurrentDeadline, makeDeadline } from "../../../http/deadline.ts"
import { isAmbiguous, outcomeUnknown, unexpected } from "../../../http/failures.ts"
import type { WireResponse } from "../../../http/response.ts"
import { canSendStreams } from "../../../http/streamUploads.ts"
import type { Statement } from "../../Statement.ts"
import { errorOf, readFailure, type SqlApiReason } from "../responses.ts"
import { abortLate } from "./abortLate.ts"
import { readCopy } from "./statement.ts"

/** The reasons an upload fails with. */
export type CopyFromReason = CopyLimitExceeded | NoRowsCopied | OutcomeUnknown | SqlApiReason

/** The response to an upload. */
export interface CopyResult {
  /** Rows that the server has stored. */
  readonly rows: number
  /** Seconds on the server. */
  readonly time: number
}

/** Options of an upload. */
export interface CopyFromOptions {
  /** Compresses the data on its way. The server's limit of 2 GB is on the compressed bytes. @default false */
  readonly gzip?: boolean | undefined
}

/** Characters of the encoded statement, which is in the URL: servers and proxies refuse lines of 16 kB, headers included. */
const longestStatement = 8_000

const limits: ReadonlyArray<readonly [message: string, limit: CopyLimitExceeded["limit"]]> = [
  ["COPY FROM maximum POST size of", "size"],
  ["DB Quota exceeded", "quota"],
  ["Connection closed by server: input data too slow", "speed"]
]

const readUploadFailure = (response: WireResponse, username: string): Effect.Effect<never, CopyFromReason> => {
  const { status } = response
  const message = errorOf(response) ?? ""
  if (status === 400 && message === "No rows copied") return Effect.fail(new NoRowsCopied())
  const found = status === 400 ? limits.find(([begin]) => message.startsWith(begin)) : undefined
  if (found !== undefined) return Effect.fail(new CopyLimitExceeded({ limit: found[1], description: message }))
  return readFailure(response, username)
}

const readUpload = (response: WireResponse, username: string): Effect.Effect<CopyResult, CopyFromReason> => {
  if (response.status !== 200) return readUploadFailure(response, username)
  const body = parse(response.text)
  return isObject(body) && typeof body["total_rows"] === "number" && typeof body["time"] === "number"
    ? Effect.succeed({ rows: body["total_rows"], time: body["time"] })
    : Effect.fail(unexpected(response, "no total_rows and time"))
}

const compress = <E>(data: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrap(
    Effect.map(
      Stream.toReadableStreamEffect(Stream.map(data, (bytes): BufferSource => new Uint8Array(bytes))),
      (readable) =>
        Stream.fromReadableStream({
          evaluate: () => readable.pipeThrough(new CompressionStream("gzip")),
          onError: (cause) => cause
        })
    )
  )

/** The statement of an upload. Fails for an upload that cannot work. */
export const readUploadStatement = (statement: Statement): Result.Result<string, InvalidInput> =>
  Result.flatMap(readCopy(statement, "from"), ({ text }) => {
    if (encodeURIComponent(text).length > longestStatement) {
      return refuse("statement", text, `it goes into the URL: at most ${longestStatement} characters, encoded`)
    }
    return canSendStreams()
      ? Result.succeed(text)
      : refuse("data", undefined, "this runtime cannot send a stream: use one whose fetch can, or INSERT the rows")
  })

/**
 * Sends the data once its first chunk is there, so that a statement whose data fails at once takes no lock. Fails with the
 * data's own failure, with `DeadlineExceeded` if no data comes before the request, and with `OutcomeUnknown` if the response
 * is lost.
 */
export const upload = <E>(
  wire: Wire,
  username: string,
  operation: string,
  text: string,
  data: Stream.Stream<Uint8Array, E>,
  gzip: boolean
): Effect.Effect<CopyResult, CartoErrorOf<CopyFromReason> | E> =>
  Effect.gen(function* () {
    // the transport reports a failure of the data as a message, so the failure itself is kept here
    const failed = yield* Deferred.make<never, E>()
    let taken = 0
    const pull = yield* Stream.toPull(data)
    const silent = Effect.sleep(wire.stallTimeout).pipe(
      Effect.andThen(Effect.fail(cartoError(operation, new DeadlineExceeded({ waited: wire.stallTimeout }))))
    )
    const first = yield* Effect.raceFirst(
      Pull.catchDone(pull, () => Effect.succeed([])),
      silent
    )
    const bytes = Stream.concat(Stream.fromIterable(first), Stream.fromPull(Effect.succeed(pull))).pipe(
      Stream.tapError((error) => Deferred.fail(failed, error)),
      Stream.map((chunk) => {
        taken += 1
        return chunk
      })
    )
    const deadline = makeDeadline()
    const stalled = Effect.gen(function* () {
      let before: number
      do {
        before = taken
        yield* Effect.sleep(wire.stallTimeout)
        if (taken === before) yield* deadline.extension
      } while (taken > before)
      return yield* new DeadlineExceeded({ waited: wire.stallTimeout })
    })
    return yield* wire
      .open({
        method: "POST",
        api: "sql",
        path: "/api/v2/sql/copyfrom",
        query: [["q", text]],
        headers: { "content-type": "application/octet-stream", ...(gzip ? { "content-encoding": "gzip" } : {}) },
        bytes: gzip ? compress(bytes) : bytes
      })
      .pipe(
        Effect.flatMap(({ read }) => read),
        Effect.flatMap((response) => readUpload(response, username)),
        Effect.provideService(CurrentDeadline, deadline),
        Effect.raceFirst(stalled),
        (request) => abortLate(request, () => deadline.isSent),
        Effect.catch((reason): Effect.Effect<never, CopyFromReason> =>
          isAmbiguous(reason) ? outcomeUnknown(reason) : Effect.fail(reason)
        ),
        Effect.catch((reason) =>
          Effect.flatMap(Deferred.poll(failed), (own): Effect.Effect<never, CartoErrorOf<CopyFromReason> | E> =>
            Option.isSome(own) ? own.value : Effect.fail(cartoError(operation, reason))
          )
        )
      )
  }).pipe(Effect.scoped)
