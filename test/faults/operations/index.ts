import type { Operation } from "../Operation.ts"
import { batch } from "./batch.ts"
import { copy } from "./copy.ts"
import { keys } from "./keys.ts"
import { life } from "./life.ts"
import { verification } from "./verification.ts"
import { sqlOperations } from "./sql.ts"

export const operations: ReadonlyArray<Operation> = [
  ...keys,
  ...sqlOperations,
  ...copy,
  ...batch,
  ...life,
  ...verification
]
