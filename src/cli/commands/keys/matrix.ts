import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as AccessMatrix from "../../../keys/AccessMatrix.ts"
import { withAccount } from "../../account/account.ts"
import { Output } from "../../settings.ts"
import { writeText } from "../../io/files.ts"
import { message } from "../../terminal/message.ts"

/** `effect-carto keys matrix` */
export const matrix = Command.make(
  "matrix",
  {
    svg: Flag.String("svg").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Write the matrix as a picture to this file"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ svg }) {
    const made = yield* withAccount(AccessMatrix.make())
    if (Option.isSome(svg)) {
      yield* writeText(svg.value, AccessMatrix.toSvg(made))
      return yield* message(`Wrote ${svg.value}.`)
    }
    yield* (yield* Output) === "table"
      ? Console.log(AccessMatrix.toText(made))
      : Console.log(JSON.stringify(made, undefined, 2))
  })
).pipe(
  Command.withDescription("Show which key may do what with which table"),
  Command.withExamples([
    { command: "effect-carto keys matrix", description: "As text" },
    { command: "effect-carto keys matrix --svg access.svg", description: "As a picture" }
  ])
)
