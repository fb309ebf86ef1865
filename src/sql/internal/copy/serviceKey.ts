import * as Context from "effect/Context"
import type { CopySql, CopySqlService } from "../../CopySql.ts"

/** The key of {@link CopySql} alone: who does not provide the service does not carry its code. */
export const copySqlKey: Context.Service<CopySql, CopySqlService> = Context.Service<CopySql, CopySqlService>(
  "effect-carto/CopySql"
)
