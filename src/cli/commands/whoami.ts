import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { Auth } from "../../account/Auth.ts"
import { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import { withAccount } from "../account/account.ts"
import { presentItem } from "../terminal/present.ts"
import { described } from "./keys/shared/describe.ts"

/** `effect-carto whoami` */
export const whoami = Command.make("whoami", {}, () =>
  Effect.gen(function* () {
    const item = yield* withAccount(
      Effect.gen(function* () {
        const { authUrl } = yield* Auth
        const key = yield* ApiKeyManager.use((keys) => keys.whoami)
        const { account, created: _created, name, token: _token, ...rest } = described(key, false)
        return { account, baseUrl: authUrl, key: name, ...rest }
      })
    )
    yield* presentItem(item)
  })
).pipe(
  Command.withDescription("Show the account, and the key with its grants"),
  Command.withExamples([{ command: "effect-carto whoami", description: "Which account and key commands use" }])
)
