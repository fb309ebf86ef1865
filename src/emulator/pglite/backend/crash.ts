/** What ends a backend. Not an error of Effect's, which a thread that runs PostgreSQL does without. */
import type { Report } from "../../database.ts"

/** The backend is gone: its memory can no longer be trusted, only its files. `report` is what its client is told. */
export class Crash extends Error {
  override readonly name = "Crash"
  readonly report: Report | undefined
  constructor(message: string, report?: Report) {
    super(message)
    this.report = report
  }
}

/** What the client of a backend that has crashed is told; `failure` is what PostgreSQL itself has said. */
export const crashReport = (error: unknown, failure: Report | undefined): Report => {
  // A stack that is full for JavaScript is full for PostgreSQL too; so it would have said, had it noticed in time.
  if (error instanceof RangeError) {
    return { severity: "ERROR", code: "54001", message: "stack depth limit exceeded" }
  }
  return failure !== undefined && failure.severity !== "ERROR"
    ? failure
    : { severity: "FATAL", code: "57P02", message: "Connection terminated" }
}
