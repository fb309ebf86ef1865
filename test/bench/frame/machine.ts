/** The machine and the versions that a report was made on. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { cpus, loadavg, release, totalmem, type } from "node:os"
import process from "node:process"

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(new URL(`../../../node_modules/${name}/package.json`, import.meta.url), "utf8")).version

const commit = (): string => {
  try {
    const options = { cwd: new URL("../../..", import.meta.url), encoding: "utf8" } as const
    const name = execFileSync("git", ["rev-parse", "--short", "HEAD"], options).trim()
    const changed = execFileSync("git", ["status", "--porcelain"], options).trim() !== ""
    return changed ? `${name} with changes` : name
  } catch {
    return "unknown commit"
  }
}

export const machine = (): string => {
  const processors = cpus()
  const [load = 0] = loadavg()
  return [
    `${new Date().toISOString().slice(0, 10)}, ${commit()}`,
    `${processors.length} × ${processors[0]?.model.trim() ?? "processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, load ${load.toFixed(1)}`,
    `Node ${process.versions.node}, effect ${versionOf("effect")}, PGlite ${versionOf("@electric-sql/pglite")}`
  ].join("\n")
}
