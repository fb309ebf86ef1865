import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { Auth } from "../../account/Auth.ts"
import { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import { Sql } from "../../sql/Sql.ts"
import { sql } from "../../sql/Statement.ts"
import { withAccount } from "../account/account.ts"
import { presentItem } from "../terminal/present.ts"
import { described } from "./keys/shared/describe.ts"

/** `effect-carto whoami` */
export const whoami = Command.make("whoami", {}, () =>
  Effect.gen(function* () {
    let left: string | undefined
    const observe = (client: HttpClient.HttpClient) =>
      HttpClient.tap(client, ({ headers }) =>
        Effect.sync(() => {
          const { "carto-rate-limit-limit": limit, "carto-rate-limit-remaining": remaining } = headers
          left = limit === undefined || remaining === undefined ? undefined : `${remaining} of ${limit}`
        })
      )
    const item = yield* withAccount(
      Effect.gen(function* () {
        const { authUrl } = yield* Auth
        const key = yield* ApiKeyManager.use((keys) => keys.whoami)
        // only responses of the SQL API tell how many queries are left; a key may lack that API
        yield* Effect.ignore(Sql.use((db) => db.query(sql`SELECT 1`)))
        const { account, created: _created, name, token: _token, ...rest } = described(key, false)
        return { account, baseUrl: authUrl, key: name, ...rest }
      }),
      observe
    )
    yield* presentItem({ ...item, queriesLeft: left })
  })
).pipe(
  Command.withDescription("Show the account, the key with its grants, and the queries that its rate limit leaves"),
  Command.withExamples([{ command: "effect-carto whoami", description: "Which account and key commands use" }])
)
