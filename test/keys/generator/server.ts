/** A PostgreSQL server as a database of the generator, over the protocol. */
import { Client, type QueryResult } from "pg"
import { cleared, type Database, outcomeOf, roles } from "./account.ts"

/** Connects to a new server as its superuser. Roles log in with the same password. */
export const openServer = async (url: string): Promise<Database> => {
  const admin = new Client(url)
  await admin.connect()
  await admin.query(roles)
  await admin.query(
    "REVOKE ALL ON DATABASE postgres FROM PUBLIC; GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC"
  )
  await admin.query(cleared)
  const { password } = new URL(url)
  const clients = new Map<string, Client>()
  for (const role of ["master", "publicuser", "app"]) {
    await admin.query(`ALTER ROLE ${role} PASSWORD '${password}'`)
    const address = new URL(url)
    address.username = role
    const client = new Client(address.href)
    await client.connect()
    clients.set(role, client)
  }
  const client = (role: string): Client => clients.get(role) ?? admin
  const reset = async (role: string) => {
    await client(role).query("ROLLBACK")
    await client(role).query("DISCARD ALL")
  }
  const { rows } = await admin.query<{ server_version: string }>("SHOW server_version")
  return {
    version: `PostgreSQL ${rows[0]?.server_version}`,
    query: async (role, text) => {
      try {
        const results: unknown = await client(role).query(text)
        const all = Array.isArray(results) ? results : [results]
        return all.findLast((result: QueryResult) => (result.fields ?? []).length > 0)?.rows ?? []
      } finally {
        await reset(role)
      }
    },
    attempt: async (grants, text) => {
      try {
        // committed, because the key has a session of its own
        if (grants !== "") await admin.query(grants)
        await client("app").query("BEGIN")
        await client("app").query(text)
        await client("app").query("SET CONSTRAINTS ALL IMMEDIATE")
        return { code: undefined, message: "" }
      } catch (error) {
        return outcomeOf(error)
      } finally {
        await reset("app")
        await admin.query("DROP OWNED BY app")
      }
    },
    superuser: async (text) => {
      await admin.query(text)
    },
    close: async () => {
      for (const each of [...clients.values(), admin]) await each.end()
    }
  }
}
