/** The end of a backend. This is not an error of Effect, because a thread that runs PostgreSQL does not load Effect. */
import type { Report } from "../../database.ts"

/** The failure of a backend whose memory can no longer be trusted, only its files. `report` is sent to its client. */
export class Crash extends Error {
  override readonly name = "Crash"
  readonly report: Report | undefined
  constructor(message: string, report?: Report) {
    super(message)
    this.report = report
  }
}

/** Returns the report for the client of a crashed backend. `failure` is the failure that PostgreSQL itself reported. */
export const crashReport = (error: unknown, failure: Report | undefined): Report => {
  // A stack that is full for JavaScript is also full for PostgreSQL. PostgreSQL would have sent this error if it had
  // noticed in time.
  if (error instanceof RangeError) {
    return { severity: "ERROR", code: "54001", message: "stack depth limit exceeded" }
  }
  return failure !== undefined && failure.severity !== "ERROR"
    ? failure
    : { severity: "FATAL", code: "57P02", message: "Connection terminated" }
}
