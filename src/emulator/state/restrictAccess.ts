/** Restricts a folder and its contents to the owner. */
import { chmod, readdir } from "node:fs/promises"
import { join } from "node:path"

/** Sets the mode of folders to 0700 and of files to 0600. Files that disappear in the meantime are skipped. */
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
