import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Plan from "../../../keys/Plan.ts"
import { readDuration, withAccount } from "../../account/account.ts"
import { confirm } from "../../terminal/confirm.ts"
import { message } from "../../terminal/message.ts"
import { file, planOf, presentPlan } from "./plan.ts"
import { grace, ownedTables, publish, publishWith } from "./shared/publish.ts"

/** `effect-carto keys apply FILE` */
export const apply = Command.make(
  "apply",
  { file, publish, grace, ownedTables },
  Effect.fnUntraced(function* ({ file: name, grace: time, ownedTables: tables, publish: command }) {
    yield* withAccount(
      Effect.gen(function* () {
        const planned = yield* planOf(name)
        yield* presentPlan(planned)
        if (Plan.isUnchanged(planned)) return
        yield* confirm("Apply this plan?")
        const { items } = yield* Plan.apply(planned, {
          publish: (key) => Effect.andThen(message(`Publishing "${key.name}".`), publishWith(command, key)),
          grace: readDuration(time),
          ownedTables: tables
        })
        yield* message(`Applied ${items.length} of ${planned.items.length} keys.`)
      })
    )
  })
).pipe(
  Command.withDescription("Make the account's keys those of a file"),
  Command.withExamples([
    {
      command: "effect-carto keys apply keys.jsonc --publish 'cat > tokens-{}' --grace 10m --yes",
      description: "The command gets each new token on stdin"
    }
  ])
)
