/** What the kind of a statement says of its needs, without its query. */
import type { Catalog } from "./catalog/objects.ts"
import type { AnalyzedStatement } from "./follow/followStatements.ts"
import { changeSetting, readSetting } from "./settings.ts"
import type { Usage } from "./usage.ts"

/** Notes what no query shows: commands of owners, blocks, settings. */
export const noteKinds = (catalog: Catalog, usage: Usage, { kind, name }: AnalyzedStatement): void => {
  const { beyondGrants, opaque, reads, sets } = kind
  for (const { remedy, what } of beyondGrants ?? []) usage.addUnmet(what, remedy, name)
  for (const what of opaque ?? []) usage.addOpaque(what, "call", name)
  for (const setting of sets ?? []) changeSetting(catalog, usage, setting, name)
  for (const setting of reads ?? []) readSetting(catalog, usage, setting, name)
}
