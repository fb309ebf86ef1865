/** The server that all test files of a run share, if the run has one. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import process from "node:process"
import type { EmulatorError, ListenError } from "../../emulator/index.ts"
import type { ServerOptions } from "../options.ts"
import type { TestServerService } from "../service.ts"
import { remoteBackend, serve } from "./control.ts"
import { makeLocalBackend, makeServerOf } from "./makeServer.ts"

/** The environment variable that tells the processes of a run where the server is. */
const variable = "EFFECT_CARTO_TEST_SERVER"

/** The run's server if there is one, or a server of this process that stops with the scope. */
export const makeServer = (options?: ServerOptions): Effect.Effect<TestServerService, EmulatorError, Scope.Scope> => {
  const url = process.env[variable]
  return url === undefined || url === ""
    ? Effect.map(makeLocalBackend(options), makeServerOf)
    : Effect.succeed(makeServerOf(remoteBackend(url)))
}

const start = (options: ServerOptions): Effect.Effect<string, EmulatorError | ListenError, Scope.Scope> =>
  Effect.flatMap(makeLocalBackend(options), serve)

/** The functions that stop servers which {@link startShared} has started, by their URLs. */
const running = new Map<string, () => Promise<void>>()

/** Starts the run's server, unless there is one. */
export const startShared = async (options: ServerOptions = {}): Promise<void> => {
  if ((process.env[variable] ?? "") !== "") return
  const scope = Scope.makeUnsafe()
  const url = await Effect.runPromise(Scope.provide(start(options), scope))
  process.env[variable] = url
  running.set(url, () => Effect.runPromise(Scope.close(scope, Exit.void)))
}

/** Stops the run's server, if this process has started it. */
export const stopShared = async (): Promise<void> => {
  const url = process.env[variable] ?? ""
  const stop = running.get(url)
  if (stop === undefined) return
  running.delete(url)
  delete process.env[variable]
  await stop()
}
