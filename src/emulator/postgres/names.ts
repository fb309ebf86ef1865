/** What databases of the emulator are called on a server that may have others. */
import { createHash } from "node:crypto"

/** PostgreSQL cuts longer names. */
const maximum = 63

/** The name on the server of a database of the emulator; `run` sets those apart that end with a run of it. */
export const serverName = (name: string, run: string | undefined): string => {
  const full = `effect_carto_${run === undefined ? "" : `${run}_`}${name}`
  if (full.length <= maximum) return full
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8)
  return `${full.slice(0, maximum - digest.length - 1)}_${digest}`
}

const comment = "effect-carto: is dropped when its emulator ends; run "

/** The comment on a database that ends with a run. */
export const runComment = (run: string): string => comment + run

/** The run that a database's comment speaks of. */
export const runOf = (text: string): string | undefined =>
  text.startsWith(comment) ? text.slice(comment.length) : undefined

/** By this name of its connections a run is known to be alive. */
export const applicationName = (run: string): string => `effect-carto ${run}`
