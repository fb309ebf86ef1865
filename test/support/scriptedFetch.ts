/** A `fetch` that answers from a script and remembers what it was asked: for what a server cannot be made to do. */
import { FetchHttpClient } from "effect/http"
import { Effect, Layer, Redacted } from "effect"
import { Carto, type AuthOptions } from "../../src/index.ts"

export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: string
  readonly redirect: string | undefined
}

export type Answer = Response | Error | ((asked: Asked) => Response | Error)

export interface ScriptedFetch {
  readonly fetch: typeof globalThis.fetch
  readonly asked: ReadonlyArray<Asked>
}

/** The answers are given in order; the last one again and again. */
export const scriptedFetch = (...answers: ReadonlyArray<Answer>): ScriptedFetch => {
  const asked: Array<Asked> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const seen: Asked = {
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: await request.text(),
      redirect: init?.redirect
    }
    const answer = answers[Math.min(asked.length, answers.length - 1)]
    asked.push(seen)
    const given = typeof answer === "function" ? answer(seen) : answer
    if (given === undefined) throw new Error("the script has no answer")
    if (given instanceof Error) throw given
    return given.clone()
  }
  return { fetch, asked }
}

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } })

export const masterToken = "0123456789abcdef0123456789abcdef01234567"

/** The services of account `alice` over a scripted fetch; what fails is not sent again unless a test asks for it. */
export const layerScripted = (
  script: ScriptedFetch,
  options: Partial<AuthOptions> = {}
): Layer.Layer<Carto.CartoServices> =>
  Carto.layer({
    baseUrl: "https://alice.carto.com",
    apiKey: Redacted.make(masterToken),
    retry: false,
    ...options
  }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, script.fetch)),
    Layer.orDie
  )

export const provideScript =
  (script: ScriptedFetch, options?: Partial<AuthOptions>) =>
  <A, E>(effect: Effect.Effect<A, E, Carto.CartoServices>): Effect.Effect<A, E> =>
    Effect.provide(effect, layerScripted(script, options))

/** A key as the Auth API sends it. */
export const wireKey = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: "tornadoes api key",
  user: { username: "alice" },
  type: "regular",
  token: "abcdefghijklmnopqrstuv",
  grants: [
    { type: "apis", apis: ["sql", "maps"] },
    { type: "database", tables: [], schemas: [] }
  ],
  created_at: "2018-02-08 14:24:41 UTC",
  updated_at: "2018-02-08 14:24:41 UTC",
  ...fields
})

export const result = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  rows: [],
  time: 0.001,
  fields: {},
  total_rows: 0,
  ...fields
})
