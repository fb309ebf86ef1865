import type { CartoErrorReason } from "../../src/index.ts"
import type { Fault } from "../../src/testing/index.ts"

/** The reason that each fault causes. */
export const expected: ReadonlyArray<readonly [Fault, CartoErrorReason["_tag"]]> = [
  ["rate-limited", "RateLimited"],
  ["statement-timeout", "StatementTimeout"],
  ["connection-refused", "TransportFailed"],
  ["connection-cut", "TransportFailed"],
  ["unavailable", "ServerUnavailable"]
]
