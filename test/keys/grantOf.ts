import { Grants } from "../../src/index.ts"
import type * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"

/** What alone gives what an inference says is needed. */
export const grantOf = (need: LeastPrivilege.Need): Grants.GrantsLike =>
  need.kind === "table"
    ? { tables: [Grants.table(need.name, [need.permission], { schema: need.schema })] }
    : need.kind === "schema"
      ? { schemas: [Grants.schema(need.name)] }
      : { services: [need.name] }
