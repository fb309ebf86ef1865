import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Rotation from "../../../keys/Rotation.ts"
import { readDuration, withAccount } from "../../account/account.ts"
import { message } from "../../terminal/message.ts"
import { presentItem } from "../../terminal/present.ts"
import { described, reveal } from "./shared/describe.ts"
import { grace, ownedTables, publish, publishWith } from "./shared/publish.ts"

/** `effect-carto keys rotate NAME` */
export const rotate = Command.make(
  "rotate",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription("Name of the key, without the number of its rotations")
    ),
    publish,
    grace,
    ownedTables,
    reveal
  },
  Effect.fnUntraced(function* ({ grace: time, name, ownedTables: tables, publish: command, reveal: shown }) {
    const key = yield* withAccount(
      Rotation.rotate(name, {
        publish: (next) =>
          message(`Created "${next.name}"; publishing its token.`).pipe(
            Effect.andThen(publishWith(command, next)),
            Effect.tap(() => message(`Published. The old key is deleted after ${time}.`))
          ),
        grace: readDuration(time),
        ownedTables: tables
      })
    )
    yield* presentItem(described(key, shown))
  })
).pipe(
  Command.withDescription("Replace a key by one with the same grants, without a moment in which neither works"),
  Command.withExamples([
    {
      command: "effect-carto keys rotate tiles --publish 'cat > token' --grace 10m",
      description: "The command gets the new token on stdin"
    }
  ])
)
