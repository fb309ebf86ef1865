/** A Redis server for tests: a new one on a loopback port, which keeps nothing and is gone with its scope. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import { existsSync } from "node:fs"
import { freePort } from "./freePort.ts"
import { untilSaid } from "./untilSaid.ts"

const program = "/usr/bin/redis-server"

/** Why tests that need Redis are skipped, if they are. */
export const missing: string | undefined = existsSync(program)
  ? undefined
  : "Redis is not installed: apt-get install redis-server"

const start = Effect.gen(function* () {
  if (missing !== undefined) return yield* Effect.die(new Error(missing))
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-redis-" })
  const port = yield* freePort
  const settings = { bind: "127.0.0.1", port: String(port), dir: folder, save: "", appendonly: "no", daemonize: "no" }
  // The signal is what it gets when these tests are killed.
  const server = yield* ChildProcess.make(
    "setpriv",
    ["--pdeathsig=KILL", program, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])],
    { cwd: folder, env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" }, stdin: "ignore", forceKillAfter: "5 seconds" }
  )
  yield* untilSaid(server.stdout, "Ready to accept connections", "Redis")
  return { url: `redis://127.0.0.1:${port}`, stop: Effect.ignore(server.kill()) }
})

export class RedisServer extends Context.Service<
  RedisServer,
  { readonly url: string; readonly stop: Effect.Effect<void> }
>()("test/RedisServer") {
  static readonly layer: Layer.Layer<RedisServer> = Layer.effect(RedisServer, start).pipe(
    Layer.orDie,
    Layer.provide(NodeServices.layer)
  )
}
