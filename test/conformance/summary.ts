import type { Kind } from "../support/databases.ts"

/** How a suite of conformance cases went. A suite prints each failure and each skip itself, as it goes. */
export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Runs all cases of a file against the emulator, on databases of a kind. */
export type Suite = (file: string, database: Kind) => Promise<Summary>
