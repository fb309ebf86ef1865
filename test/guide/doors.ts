/** Promises: README.md has each of these lines. */
import { connect, Grants, isCartoError, sql } from "../../src/promise/index.ts"
import { copy } from "../../src/promise/copy.ts"
import { leases } from "../../src/promise/lifecycle.ts"

export const promises = async (options: Parameters<typeof connect>[0], signal: AbortSignal) => {
  const seen: Array<unknown> = []
  await using carto = connect(options)
  await using lease = await leases(carto).lease({ purpose: "report", tables: [Grants.table("tornadoes", ["select"])] })
  try {
    for await (const row of lease.client.sql.stream(sql`SELECT state FROM tornadoes LIMIT 3`, { over: copy })) {
      seen.push(row["state"])
    }
    await lease.client.sql.query(sql`DELETE FROM tornadoes`, {}, { signal })
  } catch (error) {
    if (!isCartoError(error, "PermissionDenied", "RateLimited")) throw error
    seen.push(error.reason._tag)
  }
  return seen
}
