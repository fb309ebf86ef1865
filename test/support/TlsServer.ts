/** A server on loopback with a certificate of an authority that nobody knows. Its key is for tests alone: it secures nothing. */
import { Effect, type Scope } from "effect"
import { readFileSync } from "node:fs"
import { createServer } from "node:https"

const read = (name: string): string => readFileSync(new URL(`./tls/${name}`, import.meta.url), "utf8")

/** The authority that has signed the server's certificate. */
export const authority: string = read("ca.crt")

/** Answers every request with the same JSON; the value is its address. */
export const serve = (body: unknown): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer({ cert: read("server.crt"), key: read("server.key") }, (_, response) => {
          response.setHeader("content-type", "application/json")
          response.end(JSON.stringify(body))
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          server.closeAllConnections()
          server.close(() => resume(Effect.void))
        })
    ),
    (server) => {
      const address = server.address()
      return `https://localhost:${typeof address === "object" && address !== null ? address.port : 0}`
    }
  )
