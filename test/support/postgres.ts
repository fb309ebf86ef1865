/** A PostgreSQL server for tests: a new one on a loopback port, which is gone with its scope. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { existsSync, readdirSync } from "node:fs"
import { rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { freePort } from "./freePort.ts"
import { untilSaid } from "./untilSaid.ts"

const folder = "/usr/lib/postgresql"

const hasPostgis = (release: number): boolean =>
  existsSync(`/usr/share/postgresql/${release}/extension/postgis.control`)

/** Where the programs of the newest release are that Debian's packages have put here with PostGIS. */
const programs = ((): string | undefined => {
  const releases = existsSync(folder) ? readdirSync(folder).map(Number).filter(Number.isFinite) : []
  const newest = releases
    .filter((release) => release >= 15 && existsSync(`${folder}/${release}/bin/initdb`) && hasPostgis(release))
    .toSorted((a, b) => b - a)[0]
  return newest === undefined ? undefined : `${folder}/${newest}/bin`
})()

/** Why tests on a PostgreSQL server are skipped, if they are. */
export const missing: string | undefined =
  programs === undefined
    ? "PostgreSQL with PostGIS is not installed: apt-get install postgresql-15 postgresql-15-postgis-3"
    : undefined

// PostgreSQL refuses to run as root. The signal is what it gets when these tests are killed.
const command = (program: string, ...args: ReadonlyArray<string>): ChildProcess.Command =>
  process.getuid?.() === 0
    ? ChildProcess.make(
        "setpriv",
        ["--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=INT", program, ...args],
        options
      )
    : ChildProcess.make("setpriv", ["--pdeathsig=INT", program, ...args], options)

const options = {
  cwd: "/",
  env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", TMPDIR: tmpdir() },
  stdin: "ignore"
} as const

const text = Effect.fnUntraced(function* (program: string, ...args: ReadonlyArray<string>) {
  const handle = yield* command(program, ...args)
  const [exitCode, stdout, stderr] = yield* Effect.all(
    [
      handle.exitCode,
      Stream.mkString(Stream.decodeText(handle.stdout)),
      Stream.mkString(Stream.decodeText(handle.stderr))
    ],
    { concurrency: "unbounded" }
  )
  if (exitCode !== 0) return yield* Effect.die(new Error(`${program} ended with ${exitCode}: ${stderr}`))
  return stdout.trim()
}, Effect.scoped)

const start = Effect.gen(function* () {
  const bin = programs ?? (yield* Effect.die(new Error(missing)))
  // made by the server's own user
  const data = yield* Effect.acquireRelease(
    text("mktemp", "--directory", "--tmpdir", "effect-carto-postgres-XXXXXX"),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const password = "superuser"
  const passwordFile = join(data, "password")
  yield* Effect.promise(() => writeFile(passwordFile, password, { mode: 0o644 }))
  const cluster = join(data, "cluster")
  yield* text(
    join(bin, "initdb"),
    `--pgdata=${cluster}`,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
    "--no-instructions"
  )
  const port = yield* freePort
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    // none: a folder's path may be longer than that of a socket can be
    unix_socket_directories: "",
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    shared_buffers: "64MB",
    max_connections: 60,
    jit: "off"
  }
  const server = yield* command(
    join(bin, "postgres"),
    "-D",
    cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  )
  // The signal for a fast shutdown, which ends sessions.
  yield* Effect.addFinalizer(() => Effect.ignore(server.kill({ killSignal: "SIGINT", forceKillAfter: "10 seconds" })))
  yield* untilSaid(server.stderr, "database system is ready to accept connections", "PostgreSQL")
  return { port, url: Redacted.make(`postgres://postgres:${password}@127.0.0.1:${port}/postgres`) }
})

export class PostgresServer extends Context.Service<
  PostgresServer,
  { readonly port: number; readonly url: Redacted.Redacted }
>()("test/PostgresServer") {
  static readonly layer: Layer.Layer<PostgresServer> = Layer.effect(PostgresServer, start).pipe(
    Layer.orDie,
    Layer.provide(NodeServices.layer)
  )
}
