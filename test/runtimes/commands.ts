/** Commands of the packages that are installed here, run to their end. */
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import process from "node:process"
import { fileURLToPath } from "node:url"

export const root: string = fileURLToPath(new URL("../..", import.meta.url))

/** Where a package's command is. The runtimes come as packages, so that their versions are ours and not the machine's. */
export const bin = (command: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${command}`, import.meta.url))

/** What commands that use the network must know of it: proxies, certificates, and where npm's registry is. */
export const networkVariables: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    /^(?:node_extra_ca_certs|(?:https?|no)_proxy|npm_config_(?:cache|cafile|registry|userconfig))$/i.test(name) &&
    value !== undefined
      ? [[name, value]]
      : []
  )
)

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a command with no more environment than `env`. Its working directory is the top of this repository by default. It
 * is killed if this is interrupted.
 */
export const run: (
  command: string,
  args: ReadonlyArray<string>,
  options?: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }
) => Effect.Effect<Finished, PlatformError, ChildProcessSpawner> = Effect.fnUntraced(function* (
  command,
  args,
  options = {}
) {
  const handle = yield* ChildProcess.make(command, args, {
    cwd: options.cwd ?? root,
    env: options.env ?? {},
    stdin: "ignore",
    forceKillAfter: "5 seconds"
  })
  const [exitCode, stdout, stderr] = yield* Effect.all(
    [
      handle.exitCode,
      Stream.mkString(Stream.decodeText(handle.stdout)),
      Stream.mkString(Stream.decodeText(handle.stderr))
    ],
    { concurrency: "unbounded" }
  )
  return { exitCode, stdout, stderr }
}, Effect.scoped)
