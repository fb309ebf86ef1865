/** Listens with an emulator that has no database, sends requests to it, and prints what came of each. */
import * as Effect from "effect/Effect"
import { listen } from "../../../src/emulator/http/listen.ts"

const handler = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url)
  if (pathname === "/slow") {
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve, { once: true }))
    state.aborted = true
    return new Response(null)
  }
  if (pathname === "/large") return new Response(new Uint8Array(3_000_000))
  return new Response(`${request.method} ${pathname} ${(await request.arrayBuffer()).byteLength}`, {
    headers: { "x-host": request.headers.get("host") ?? "" }
  })
}
const state = { aborted: false }

const lines = await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const { port, url } = yield* listen({ handler })
      const taken = yield* Effect.flip(listen({ handler }, { port }))
      return yield* Effect.promise(async () => {
        const posted = await fetch(`${url}/a/b`, { method: "POST", body: new Uint8Array(2_000_000) })
        const large = await fetch(`${url}/large`)
        const leaving = new AbortController()
        const slow = fetch(`${url}/slow`, { signal: leaving.signal }).catch(() => undefined)
        setTimeout(() => leaving.abort(), 100)
        await slow
        for (let tries = 0; tries < 50 && !state.aborted; tries += 1) await new Promise((next) => setTimeout(next, 20))
        return [
          await posted.text(),
          posted.headers.get("x-host") === `127.0.0.1:${port}`,
          (await large.arrayBuffer()).byteLength,
          state.aborted,
          taken.message === `port ${port} is in use`
        ]
      })
    })
  )
)
console.log(lines.join("\n"))
