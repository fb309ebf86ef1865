/** The embedded CARTO behind a scheduler. The state that the rules check is read from its responses. */
import type { EmulatorService } from "../../../src/emulator/index.ts"
import * as Redacted from "effect/Redacted"
import type { AuthApi } from "./AuthApi.ts"

const username = "demo"

/** The account `demo` of an emulator, without regular keys. */
export const makeEmulatorApi = async ({ account, handler }: EmulatorService): Promise<AuthApi> => {
  const keys = new Map<string, { readonly token: string }>()
  const masterKey = Redacted.value(account(username)?.masterKey ?? Redacted.make(""))
  const ask = (method: string, path: string, body?: unknown) =>
    handler(
      new Request(`https://${username}.carto.com/api/v3/api_keys${path}`, {
        method,
        headers: { authorization: `Basic ${btoa(`${username}:${masterKey}`)}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
    )
  const note = async (response: Response): Promise<void> => {
    const { name, token } = await response.json()
    keys.set(name, { token })
  }
  const found = await (await ask("GET", "?type=regular&per_page=1000")).json()
  for (const { name } of found.result) await ask("DELETE", `/${encodeURIComponent(name)}`)
  return {
    keys,
    isAlive: (token) => [...keys.values()].some((key) => key.token === token),
    remove: async (name) => {
      await ask("DELETE", `/${encodeURIComponent(name)}`)
      keys.delete(name)
    },
    add: async (name) => note(await ask("POST", "", { name, grants: [{ type: "apis", apis: ["sql"] }] })),
    answer: async (request, pass) => {
      const { pathname } = new URL(request.url)
      const path = pathname.replace(/^\/api\/v3\/api_keys\/?/, "")
      const headers = new Headers(request.headers)
      headers.set(
        "authorization",
        (headers.get("authorization") ?? "").replace(/.*/, (basic) => {
          const [, token = ""] = atob(basic.replace("Basic ", "")).split(":")
          return `Basic ${btoa(`${username}:${token === "master" ? masterKey : token}`)}`
        })
      )
      const text = request.method === "GET" || request.method === "DELETE" ? undefined : await request.text()
      const next = () =>
        handler(
          new Request(request.url, { method: request.method, headers, ...(text === undefined ? {} : { body: text }) })
        )
      if (pathname === "/api/v2/sql") return next()
      const label = path === "" ? (text === undefined ? "list" : JSON.parse(text).name) : decodeURIComponent(path)
      await pass(`${request.method} ${label}`)
      const response = await next()
      if (request.method === "DELETE" && response.ok) keys.delete(decodeURIComponent(path))
      if (request.method === "POST" && response.ok) await note(response.clone())
      return response
    }
  }
}
