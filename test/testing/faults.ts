import type { CartoErrorReason } from "../../src/index.ts"
import type { Fault } from "../../src/testing/index.ts"

/** What each fault is to a caller. */
export const expected: ReadonlyArray<readonly [Fault, CartoErrorReason["_tag"]]> = [
  ["rate-limited", "RateLimited"],
  ["statement-timeout", "StatementTimeout"],
  ["connection-refused", "TransportFailed"],
  ["connection-cut", "TransportFailed"],
  ["unavailable", "ServerUnavailable"]
]
