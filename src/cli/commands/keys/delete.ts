import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { ApiKeyManager } from "../../../keys/ApiKeyManager.ts"
import { withAccount } from "../../account/account.ts"
import { confirm } from "../../terminal/confirm.ts"
import { message } from "../../terminal/message.ts"

/** `effect-carto keys delete NAME…` */
export const remove = Command.make(
  "delete",
  {
    names: Argument.String("name").pipe(Argument.withDescription("Names of the keys"), Argument.variadic({ min: 1 }))
  },
  Effect.fnUntraced(function* ({ names }) {
    yield* confirm(`Delete ${names.map((name) => `"${name}"`).join(", ")}? Their tokens stop working at once.`)
    yield* withAccount(
      Effect.forEach(names, (name) =>
        ApiKeyManager.use((keys) => keys.delete(name)).pipe(Effect.andThen(message(`Deleted "${name}".`)))
      )
    )
  })
).pipe(
  Command.withDescription("Delete keys, which revokes their tokens"),
  Command.withExamples([{ command: "effect-carto keys delete tiles --yes", description: "Delete without a question" }])
)
