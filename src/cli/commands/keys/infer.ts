import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as LeastPrivilege from "../../../keys/LeastPrivilege.ts"
import { withAccount } from "../../account/account.ts"
import { Output } from "../../settings.ts"
import { readStatements } from "./shared/statementFiles.ts"

/** `effect-carto keys infer FILE…` */
export const infer = Command.make(
  "infer",
  {
    files: Argument.String("file").pipe(
      Argument.withDescription("Files of SQL statements; - for stdin"),
      Argument.variadic({ min: 1 })
    ),
    verify: Flag.Boolean("verify").pipe(
      Flag.withDescription("Try the statements under a key with exactly these grants"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  Effect.fnUntraced(function* ({ files, verify }) {
    const statements = yield* readStatements(files)
    const inference = yield* withAccount(LeastPrivilege.infer(statements, { verify }))
    yield* (yield* Output) === "table"
      ? Console.log(LeastPrivilege.toText(inference))
      : Console.log(JSON.stringify(inference, undefined, 2))
  })
).pipe(
  Command.withDescription("Find the smallest grants with which statements run"),
  Command.withExamples([
    { command: "effect-carto keys infer queries.sql", description: "Which statement needs which grant" },
    {
      command: "effect-carto keys infer queries.sql --output json",
      description: "The grants for `keys create` and plans"
    }
  ])
)
