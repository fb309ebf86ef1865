/** `--verbose`: a line on stderr for each request. Query strings and headers are left out: statements and keys are in them. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { printable } from "../../errors/internal/printable.ts"

const target = (url: string): string => {
  const { host, pathname } = new URL(url)
  return printable(`${host}${pathname}`)
}

export const logRequests = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(client, (effect, request) =>
    Effect.gen(function* () {
      const started = yield* Clock.currentTimeMillis
      const line = (outcome: string) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Console.error(`${request.method} ${target(request.url)} ${outcome} (${now - started} ms)`)
        )
      return yield* effect.pipe(
        Effect.tap(({ headers, status }) => {
          const wait = headers["retry-after"]
          return line(wait === undefined ? String(status) : `${status}, retry after ${printable(wait)} s`)
        }),
        Effect.tapError((error) => line(`failed: ${printable(error.message)}`)),
        Effect.onInterrupt(() => line("interrupted"))
      )
    })
  )
