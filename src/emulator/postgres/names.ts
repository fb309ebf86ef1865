/** Names of the emulator's databases on a server that may have other databases. */
import { createHash } from "node:crypto"

/** Maximum length of a name. PostgreSQL truncates longer names. */
const maximum = 63

/**
 * Returns the server's name of a database of the emulator. `run` distinguishes databases that are dropped at the end of
 * a run.
 */
export const serverName = (name: string, run: string | undefined): string => {
  const full = `effect_carto_${run === undefined ? "" : `${run}_`}${name}`
  if (full.length <= maximum) return full
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8)
  return `${full.slice(0, maximum - digest.length - 1)}_${digest}`
}

const comment = "effect-carto: is dropped when its emulator ends; run "

/** Creates the comment on a database that is dropped at the end of a run. */
export const runComment = (run: string): string => comment + run

/** Returns the run in a database's comment. */
export const runOf = (text: string): string | undefined =>
  text.startsWith(comment) ? text.slice(comment.length) : undefined

/** Returns the application name of a run's connections, which shows that the run is alive. */
export const applicationName = (run: string): string => `effect-carto ${run}`
