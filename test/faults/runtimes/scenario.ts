/** Sends requests to a hostile server on any runtime. The server has another fault for each account. */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Carto, type CartoError, CopySql, Sql, sql } from "../../../src/index.ts"

/** How a query, a write and a stream end under each account; a tag, or `success`. */
export type Seen = ReadonlyArray<readonly [query: string, write: string, stream: string]>

const endOf = <A, R>(effect: Effect.Effect<A, CartoError, R>): Effect.Effect<string, never, R> =>
  Effect.match(effect, { onSuccess: () => "success", onFailure: ({ reason }) => reason._tag })

const ask = (
  url: string,
  account: string,
  transport: Layer.Layer<HttpClient.HttpClient>
): Effect.Effect<Seen[number]> => {
  // who waits for nothing need not wait long, and for anything else a slow machine has time enough
  const deadline = account.startsWith("silent") ? "1 second" : "30 seconds"
  return Effect.all(
    [
      endOf(Sql.use((db) => db.query(sql`SELECT 1`))),
      endOf(Sql.use((db) => db.query(sql`INSERT INTO events VALUES (1)`))),
      endOf(CopySql.use((copy) => copy.to(sql`COPY events TO STDOUT`).pipe(Stream.take(1000), Stream.runDrain)))
    ],
    { concurrency: "unbounded" }
  ).pipe(
    Effect.provide(
      Carto.layer({
        baseUrl: `${url}/user/${account}`,
        apiKey: Redacted.make("secret"),
        timeout: deadline,
        stallTimeout: deadline,
        maxBodySize: 1e6,
        retry: false
      }).pipe(Layer.provide(transport), Layer.orDie)
    )
  )
}

/** Under accounts whose names are separated by commas. */
export const scenario = (
  url: string,
  accounts: string,
  transport: Layer.Layer<HttpClient.HttpClient> = FetchHttpClient.layer
): Effect.Effect<Seen> =>
  Effect.forEach(accounts.split(","), (account) => ask(url, account, transport), { concurrency: "unbounded" })
