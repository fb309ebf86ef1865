/** Reads the body of a request. The whole body is in memory, so its size has a limit. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ErrorClass } from "../shared/errorClass.ts"

const BodyTooLargeBase: ErrorClass<"BodyTooLarge", { readonly limit: number }> = Data.TaggedError("BodyTooLarge")
/** The body has more bytes than the limit. */
export class BodyTooLarge extends BodyTooLargeBase {}

const BodyAbortedBase: ErrorClass<"BodyAborted", { readonly message: string }> = Data.TaggedError("BodyAborted")
/** The client disconnected before the end of the body. */
export class BodyAborted extends BodyAbortedBase {}

/** The maximum size of a body of parameters, in bytes. */
const parametersLimit = 32 * 1024 * 1024

/** Reads at most `limit` bytes. If the `Content-Length` exceeds the limit, the body is not read. */
export const readBytes = (
  request: Request,
  limit: number
): Effect.Effect<Uint8Array<ArrayBuffer>, BodyTooLarge | BodyAborted> => {
  const { body } = request
  if (body === null) return Effect.succeed(new Uint8Array())
  if (Number(request.headers.get("content-length")) > limit) return Effect.fail(new BodyTooLarge({ limit }))
  return Effect.suspend(() => {
    let size = 0
    const chunks = Stream.fromReadableStream({
      evaluate: () => body,
      onError: (cause) => new BodyAborted({ message: String(cause) })
    }).pipe(
      Stream.mapEffect((chunk) => {
        size += chunk.length
        return size > limit ? Effect.fail(new BodyTooLarge({ limit })) : Effect.succeed(chunk)
      })
    )
    return Stream.mkUint8Array(chunks)
  })
}

/** Reads the text of a body of parameters. */
export const readText = (request: Request): Effect.Effect<string, BodyTooLarge | BodyAborted> =>
  Effect.map(readBytes(request, parametersLimit), (bytes) => new TextDecoder().decode(bytes))

const MalformedFormBase: ErrorClass<"MalformedForm", { readonly message: string }> = Data.TaggedError("MalformedForm")
/** The body is not a multipart form. */
export class MalformedForm extends MalformedFormBase {}

/** Reads a multipart form. */
export const readForm = (request: Request): Effect.Effect<FormData, BodyTooLarge | BodyAborted | MalformedForm> =>
  Effect.flatMap(readBytes(request, parametersLimit), (bytes) =>
    Effect.tryPromise({
      try: () =>
        new Response(bytes, { headers: { "content-type": request.headers.get("content-type") ?? "" } }).formData(),
      catch: (cause) => new MalformedForm({ message: String(cause) })
    })
  )
