import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as DesiredKeys from "../../../keys/DesiredKeys.ts"
import * as Plan from "../../../keys/Plan.ts"
import { withAccount } from "../../account/account.ts"
import { CliFailure, exitCodes } from "../../failure.ts"
import { Output } from "../../settings.ts"
import { colors } from "../../terminal/colors.ts"
import { readText } from "../../io/files.ts"
import { presentItems } from "../../terminal/present.ts"

export const file = Argument.String("file").pipe(
  Argument.withDescription("A plan file, JSON with comments; - for stdin")
)

/** Reads a plan file and compares it with the account. */
export const planOf = Effect.fnUntraced(function* (name: string) {
  return yield* Plan.plan(yield* DesiredKeys.fromJsonc(yield* readText(name)))
})

export const presentPlan = Effect.fnUntraced(function* (plan: Plan.Plan) {
  if ((yield* Output) === "table") return yield* Console.log(Plan.toText(plan, { colors: yield* colors }))
  yield* presentItems(
    plan.items.map(({ action, key, name, retired }) => ({ name, action, key: key ?? null, retired })),
    ["name", "action", "key", "retired"].map((name) => ({ name }))
  )
})

/** `effect-carto keys plan FILE` */
export const plan = Command.make(
  "plan",
  {
    file,
    detailedExitcode: Flag.Boolean("detailed-exitcode").pipe(
      Flag.withDescription("Exit with 3 if the account differs from the file"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  Effect.fnUntraced(function* ({ detailedExitcode, file: name }) {
    const planned = yield* withAccount(planOf(name))
    yield* presentPlan(planned)
    if (detailedExitcode && !Plan.isUnchanged(planned)) {
      return yield* new CliFailure({ message: "", exitCode: exitCodes.changesPending })
    }
  })
).pipe(
  Command.withDescription("Show what would change if the account's keys became those of a file"),
  Command.withExamples([
    { command: "effect-carto keys plan keys.jsonc", description: "What would be created, replaced and deleted" },
    {
      command: "effect-carto keys plan keys.jsonc --detailed-exitcode",
      description: "In CI: exit code 3 if there are changes"
    }
  ])
)
