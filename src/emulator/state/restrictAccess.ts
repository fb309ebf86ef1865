/** Keeps a folder and all in it for its owner alone. */
import { chmod, readdir } from "node:fs/promises"
import { join } from "node:path"

/** Sets mode 0700 of folders and 0600 of files. A file that goes meanwhile is passed over. */
export const restrictAccess = async (folder: string): Promise<void> => {
  await chmod(folder, 0o700)
  const entries = await readdir(folder, { withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) await restrictAccess(path).catch(() => {})
      else if (entry.isFile()) await chmod(path, 0o600).catch(() => {})
    })
  )
}
