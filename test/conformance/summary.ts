import type { Kind } from "../support/databases.ts"

/** The result of a suite of conformance cases. A suite prints its failures and skips while it runs. */
export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Runs all cases of a file against the emulator, on databases of a kind. */
export type Suite = (file: string, database: Kind) => Promise<Summary>
