import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { ApiKeyManager } from "../../../keys/ApiKeyManager.ts"
import { withAccount } from "../../account/account.ts"
import { confirm } from "../../terminal/confirm.ts"
import { presentItem } from "../../terminal/present.ts"
import { described, reveal } from "./shared/describe.ts"

/** `effect-carto keys regenerate NAME` */
export const regenerate = Command.make(
  "regenerate",
  { name: Argument.String("name").pipe(Argument.withDescription("Name of the key")), reveal },
  Effect.fnUntraced(function* ({ name, reveal: shown }) {
    yield* confirm(`Regenerate the token of "${name}"? The old token stops working at once.`)
    const key = yield* withAccount(ApiKeyManager.use((keys) => keys.regenerate(name)))
    yield* presentItem(described(key, shown))
  })
).pipe(
  Command.withDescription("Replace the token of a key; the old token stops working at once"),
  Command.withExamples([
    { command: "effect-carto keys regenerate tiles --yes --reveal", description: "A new token, printed" }
  ])
)
