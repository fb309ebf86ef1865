/** Which settings a key may change and see. */
import type { Catalog } from "./catalog/objects.ts"
import type { Usage } from "./usage.ts"

// what the list of settings leaves out, although every role may set it
const unlisted = new Set(["seed", "ssl_renegotiation_limit", "default_with_oids"])
const alwaysShown = new Set(["role", "session_authorization", "is_superuser", "all", ...unlisted])
const remedy = "use the master key, or leave the setting as it is"

/** Notes that a statement changes a setting. Its name is in lower case. */
export const changeSetting = ({ settings }: Catalog, usage: Usage, name: string, statement: string): void => {
  if (name === "role" || name === "session_authorization") {
    usage.addUnmet(`SET ${name}`, "a key is one role, and cannot take another", statement)
  } else if (settings.user.has(name) || unlisted.has(name)) return
  // names with a dot are free, except those that an extension has defined
  else if (settings.others.has(name) || !name.includes(".")) usage.addUnmet(`SET ${name}`, remedy, statement)
}

/** Notes that a statement reads a setting. */
export const readSetting = ({ settings }: Catalog, usage: Usage, name: string, statement: string): void => {
  const isSeen = settings.user.has(name) || settings.others.has(name) || alwaysShown.has(name) || name.includes(".")
  if (!isSeen) usage.addUnmet(`SHOW ${name}`, "only roles that may read all settings see it", statement)
}
