import * as Result from "effect/Result"
import type { InvalidInput } from "../../errors/Call.ts"
import { readDuration } from "../../errors/internal/duration.ts"
import { refuse } from "../../errors/internal/invalidInput.ts"
import type { TransportOptions } from "../TransportOptions.ts"

const timeouts = ["timeout", "stallTimeout"] as const

/** Checks the transport options of an account, before any request. */
export const readTransport = (options: TransportOptions): Result.Result<TransportOptions, InvalidInput> => {
  const { fetchOptions, maxBodySize, propagateTraceContext, retry, stallTimeout, timeout, transformClient } = options
  for (const field of timeouts) {
    const input = options[field]
    const read = input === undefined ? undefined : readDuration(field, input, { positive: true, infinite: true })
    if (read !== undefined && Result.isFailure(read)) return Result.fail(read.failure)
  }
  if (maxBodySize !== undefined && !(typeof maxBodySize === "number" && maxBodySize > 0)) {
    return refuse("maxBodySize", maxBodySize, "give a number of bytes above 0")
  }
  if (retry !== undefined && retry !== false && typeof retry !== "function") {
    return refuse("retry", retry, "give false or a function that returns the milliseconds to wait")
  }
  if (transformClient !== undefined && typeof transformClient !== "function") {
    return refuse("transformClient", transformClient, "give a function from an HttpClient to an HttpClient")
  }
  return Result.succeed({
    fetchOptions,
    maxBodySize,
    propagateTraceContext,
    retry,
    stallTimeout,
    timeout,
    transformClient
  })
}
