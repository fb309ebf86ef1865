/** Runs commands of the installed packages. */
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import process from "node:process"
import { fileURLToPath } from "node:url"

export const root: string = fileURLToPath(new URL("../..", import.meta.url))

/** The path of a package's command. The runtimes come as packages, so that the lock file decides their versions. */
export const bin = (command: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${command}`, import.meta.url))

/** The variables of a command that uses the network: proxies, certificates, npm's registry and cache. */
export const networkVariables: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    /^(?:node_extra_ca_certs|ssl_cert_(?:dir|file)|deno_(?:cert|tls_ca_store)|(?:https?|no)_proxy|npm_config_(?:cache|cafile|registry|userconfig))$/i.test(
      name
    ) && value !== undefined
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
 * Runs a command to its end, with `env` as its whole environment. The working directory is the root of this repository
 * by default. An interruption kills the process.
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
