/** PGlite as a database of the generator. Another release of it is another version of PostgreSQL. */
import { PGlite } from "@electric-sql/pglite"
import { cleared, type Database, outcomeOf, roles } from "./account.ts"

type Result = {
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly fields: ReadonlyArray<unknown>
}

/** Opens a new database in memory. `Class` is that of a release of PGlite. */
export const openPglite = async (Class: typeof PGlite = PGlite): Promise<Database> => {
  const db = new Class()
  await db.exec(
    `${roles} ALTER DATABASE postgres OWNER TO postgres; REVOKE ALL ON DATABASE postgres FROM PUBLIC; GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC`
  )
  await db.exec(cleared)
  const { rows } = await db.query<{ server_version: string }>("SHOW server_version")
  const reset = async () => {
    await db.exec("ROLLBACK")
    await db.exec("SET SESSION AUTHORIZATION postgres")
    await db.exec("RESET ALL")
    await db.exec("DISCARD TEMP")
  }
  return {
    version: `PostgreSQL ${rows[0]?.server_version} (PGlite)`,
    query: async (role, text) => {
      try {
        await db.exec(`SET SESSION AUTHORIZATION ${role}`)
        const results: ReadonlyArray<Result> = await db.exec(text)
        return results.findLast(({ fields }) => fields.length > 0)?.rows ?? []
      } finally {
        await reset()
      }
    },
    attempt: async (grants, text) => {
      try {
        await db.exec(`BEGIN; ${grants}; SET LOCAL SESSION AUTHORIZATION app`)
        await db.exec(text)
        await db.exec("SET CONSTRAINTS ALL IMMEDIATE")
        return { code: undefined, message: "" }
      } catch (error) {
        return outcomeOf(error)
      } finally {
        await reset()
      }
    },
    superuser: async (text) => {
      await db.exec(text)
    },
    close: () => db.close()
  }
}
