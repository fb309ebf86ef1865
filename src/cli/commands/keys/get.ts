import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { ApiKeyManager } from "../../../keys/ApiKeyManager.ts"
import { withAccount } from "../../account/account.ts"
import { presentItem } from "../../terminal/present.ts"
import { described, reveal } from "./shared/describe.ts"

/** `effect-carto keys get NAME` */
export const get = Command.make(
  "get",
  { name: Argument.String("name").pipe(Argument.withDescription("Name of the key")), reveal },
  Effect.fnUntraced(function* ({ name, reveal: shown }) {
    const key = yield* withAccount(ApiKeyManager.use((keys) => keys.get(name)))
    yield* presentItem(described(key, shown))
  })
).pipe(
  Command.withDescription("Show one key with its grants"),
  Command.withExamples([
    { command: "effect-carto keys get Master", description: "The master key, with its token masked" },
    { command: "effect-carto keys get 'Default public' --output json", description: "The public key as JSON" }
  ])
)
