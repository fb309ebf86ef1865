/** Responses: their head, and their body read as a whole or as a stream. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import type { DeadlineExceeded, ResponseTooLarge, TransportFailed } from "../errors/Call.ts"
import { atMost } from "./defaults.ts"

interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Blanks out the key that the request carried. */
  readonly scrub: (text: string) => string
}

/** A response that has been read. */
export interface WireResponse extends Head {
  /** The whole body. In a response that is not a success the key is blanked out. */
  readonly text: string
  /** The name of the key that the request carried, if it is known. */
  readonly keyName: Effect.Effect<string | undefined>
  /** How many times the request was sent. */
  readonly attempts: number
}

/** Why a response cannot be read. */
export type ReadReason = DeadlineExceeded | ResponseTooLarge | TransportFailed

/** A response whose body has not been read. */
export interface OpenResponse extends Head {
  readonly bytes: Stream.Stream<Uint8Array, DeadlineExceeded | TransportFailed>
  readonly read: Effect.Effect<WireResponse, ReadReason>
}

/** What reading a response needs to know of its request. */
export interface Exchange {
  readonly scrub: (text: string) => string
  readonly keyName: Effect.Effect<string | undefined>
  readonly failed: (error: HttpClientError) => TransportFailed
  /** The response to an upload ends with the stream of the request. */
  readonly isUpload: boolean
  readonly maxBodySize: number
  /** Fails what is silent for too long. */
  readonly withinStall: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, DeadlineExceeded | E>
}

/** A response as it comes in. Nothing is built for a body that is not asked for. */
export class IncomingResponse implements OpenResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly scrub: (text: string) => string
  readonly #response: HttpClientResponse
  readonly #exchange: Exchange

  constructor(response: HttpClientResponse, exchange: Exchange) {
    this.status = response.status
    this.headers = response.headers
    this.scrub = exchange.scrub
    this.#response = response
    this.#exchange = exchange
  }

  get #chunks(): Stream.Stream<Uint8Array, TransportFailed> {
    const { failed } = this.#exchange
    return Stream.transformPull(this.#response.stream, (pull) =>
      Effect.succeed(
        Effect.mapError(pull, (error) =>
          // some runtimes have no body to read if the body has no bytes
          Cause.isDone(error) || error.reason._tag === "EmptyBodyError" ? Cause.Done() : failed(error)
        )
      )
    )
  }

  get bytes(): Stream.Stream<Uint8Array, DeadlineExceeded | TransportFailed> {
    const { withinStall } = this.#exchange
    return Stream.transformPull(this.#chunks, (pull) => Effect.succeed(withinStall(pull)))
  }

  get read(): Effect.Effect<WireResponse, ReadReason> {
    const { headers, scrub, status } = this
    const { failed, isUpload, keyName, maxBodySize } = this.#exchange
    const whole = (text: string): WireResponse => ({
      status,
      headers,
      scrub,
      text: status < 300 ? text : scrub(text),
      keyName,
      attempts: 1
    })
    // text() is faster, but reads whatever comes: only for a length that is known, which that of an encoded body is not
    return !isUpload && Number(headers["content-length"]) <= maxBodySize && headers["content-encoding"] === undefined
      ? Effect.mapBoth(this.#response.text, { onSuccess: whole, onFailure: failed })
      : // decoding part by part would be four times as slow
        Effect.map(Stream.mkUint8Array(atMost(maxBodySize)(this.#chunks)), (bytes) =>
          whole(new TextDecoder().decode(bytes))
        )
  }
}
