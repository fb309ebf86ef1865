/** A server that the test files of a run share: requests to accounts, and commands that make accounts. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { InvalidAccount } from "../../emulator/accounts/createAccount.ts"
import { type AccountOptions, EmulatorError, listen, type ListenError } from "../../emulator/index.ts"
import type { Backend } from "./backend.ts"

/** A command, as JSON. Both ends are of this module, and the URL has a secret, so that no other program sends one. */
type Command =
  | { readonly command: "createAccount"; readonly options: AccountOptions }
  | { readonly command: "execute"; readonly username: string; readonly text: string }
  | { readonly command: "nextNumber" }

/** The result of a command, as JSON. */
interface Reply {
  readonly account?: { readonly username: string; readonly masterKey: string; readonly schema: string }
  readonly number?: number
  readonly failed?: { readonly operation: string; readonly message: string }
}

const carryOut = (backend: Backend, command: Command): Effect.Effect<Reply, EmulatorError> => {
  switch (command.command) {
    case "createAccount":
      return Effect.map(backend.createAccount(command.options), ({ masterKey, username }) => ({
        account: {
          username,
          masterKey: Redacted.value(masterKey),
          schema: command.options.organization === undefined ? "public" : username
        }
      }))
    case "execute":
      return Effect.as(backend.execute(command.username, command.text), {})
    case "nextNumber":
      return Effect.map(backend.nextNumber, (number) => ({ number }))
  }
}

const messageOf = ({ message, operation }: EmulatorError): string =>
  message.startsWith(`${operation}: `) ? message.slice(operation.length + 2) : message

/**
 * Serves a backend on the loopback interface until the scope closes. Returns the URL of its commands, which has a secret: a web page
 * that this machine opens does not know it.
 */
export const serve = (
  backend: Backend & { readonly handler: (request: Request) => Promise<Response> }
): Effect.Effect<string, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = `/testing/${randomUUID()}`
    const commands = async (request: Request): Promise<Response> => {
      const command: Command = await request.json()
      const result = await Effect.runPromise(Effect.result(carryOut(backend, command)))
      const reply: Reply = Result.isSuccess(result)
        ? result.success
        : { failed: { operation: result.failure.operation, message: messageOf(result.failure) } }
      return Response.json(reply)
    }
    const { url } = yield* listen({
      handler: (request) => (new URL(request.url).pathname === path ? commands(request) : backend.handler(request))
    })
    return `${url}${path}`
  })

/** The backend of a server that another process serves. `url` is that of its commands. */
export const remoteBackend = (url: string): Backend => {
  const { fetch } = globalThis
  const ask = (command: Command): Effect.Effect<Reply, EmulatorError> =>
    Effect.promise(async (signal) => {
      const response = await fetch(url, { method: "POST", body: JSON.stringify(command), signal })
      const reply: Reply = await response.json()
      return reply
    }).pipe(
      Effect.flatMap((reply) =>
        reply.failed === undefined
          ? Effect.succeed(reply)
          : Effect.fail(
              new EmulatorError({
                operation: reply.failed.operation,
                reason: new InvalidAccount({ message: reply.failed.message })
              })
            )
      )
    )
  return {
    createAccount: (options) =>
      Effect.map(ask({ command: "createAccount", options }), ({ account }) => ({
        username: account?.username ?? options.username,
        baseUrl: `${new URL(url).origin}/user/${options.username}`,
        masterKey: Redacted.make(account?.masterKey ?? ""),
        schema: account?.schema
      })),
    execute: (username, text) => Effect.asVoid(ask({ command: "execute", username, text })),
    nextNumber: Effect.map(ask({ command: "nextNumber" }), ({ number = 0 }) => number),
    fetch
  }
}
