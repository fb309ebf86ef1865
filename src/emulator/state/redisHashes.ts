/** The Redis hashes that the application publishes for its rows. The SQL API reads accounts and keys from them. */
import type { Hash, KeyStoreService } from "./keyStore.ts"
import { isEngineEnabled, type Rows } from "./rows.ts"
import type { Account } from "../accounts/account.ts"
import type { ApiKey } from "../accounts/keys/apiKey.ts"
import { section } from "../accounts/keys/grant.ts"
import { apis as knownApis } from "../../account/grantVocabulary.ts"

// Ruby prints an array of strings as JSON with a space after each comma.
const printList = (items: ReadonlyArray<string>): string =>
  items.length === 0 ? "" : `[${items.map((item) => JSON.stringify(item)).join(", ")}]`

const keyHash = (key: ApiKey): Hash => {
  const apis = section(key.grants, "apis")?.apis ?? []
  return {
    user: key.username,
    type: key.type,
    database_role: key.databaseRole,
    database_password: key.databasePassword,
    ...Object.fromEntries(knownApis.filter((api) => apis.includes(api)).map((api) => [`grants_${api}`, "true"])),
    data_observatory_datasets: printList(section(key.grants, "data-observatory")?.datasets ?? [])
  }
}

const userHash = (account: Account, keys: ReadonlyArray<ApiKey>): Hash => ({
  id: account.id,
  database_name: account.databaseName,
  database_host: "localhost",
  database_password: account.rolePassword,
  database_publicuser: account.publicRole,
  map_key: keys.find(({ type }) => type === "master")?.token ?? ""
})

const hashesOf = (rows: Rows, username: string): ReadonlyMap<string, Hash> => {
  const account = rows.accounts.find((row) => row.username === username)
  if (account === undefined) return new Map()
  const keys = rows.keys.filter((key) => key.username === username)
  const engineEnabled = isEngineEnabled(rows, account)
  const isPublished = (key: ApiKey): boolean =>
    account.state !== "locked" && (engineEnabled || key.type === "master" || key.type === "default")
  return new Map([
    ...keys.filter(isPublished).map((key): [string, Hash] => [`api_keys:${username}:${key.token}`, keyHash(key)]),
    [`rails:users:${username}`, userHash(account, keys)]
  ])
}

const changedUsernames = (before: Rows, after: Rows): ReadonlySet<string> => {
  const changed = new Set<string>()
  const compare = <A>(olds: ReadonlyArray<A>, news: ReadonlyArray<A>, usernames: (row: A) => ReadonlyArray<string>) => {
    const [old, current] = [new Set(olds), new Set(news)]
    const differing = [...olds.filter((row) => !current.has(row)), ...news.filter((row) => !old.has(row))]
    for (const username of differing.flatMap(usernames)) changed.add(username)
  }
  compare(before.accounts, after.accounts, ({ username }) => [username])
  compare(before.keys, after.keys, ({ username }) => [username])
  compare(before.organizations, after.organizations, ({ name }) =>
    after.accounts.filter(({ organization }) => organization?.name === name).map(({ username }) => username)
  )
  return changed
}

/** Updates the published hashes after a change of the rows. Removed tokens are deleted first. */
export const publish = (keyStore: KeyStoreService, before: Rows, after: Rows): void => {
  for (const username of changedUsernames(before, after)) {
    const hashes = hashesOf(after, username)
    for (const key of hashesOf(before, username).keys()) if (!hashes.has(key)) keyStore.delete(key)
    for (const [key, hash] of hashes) keyStore.set(key, hash)
  }
}
