import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Audit from "../../../keys/Audit.ts"
import { withAccount } from "../../account/account.ts"
import { Output } from "../../settings.ts"
import { presentItems } from "../../terminal/present.ts"
import { readStatements, statementFiles } from "./shared/statementFiles.ts"

/** `effect-carto keys audit` */
export const audit = Command.make(
  "audit",
  {
    statements: statementFiles,
    personalData: Flag.Boolean("personal-data").pipe(
      Flag.withDescription("Look for columns whose names look like personal data"),
      Flag.withDefault(false),
      Flag.withoutNegation
    )
  },
  Effect.fnUntraced(function* ({ personalData, statements }) {
    const run = yield* readStatements(statements)
    const found = yield* withAccount(
      Audit.audit({ personalData, ...(statements.length === 0 ? {} : { statements: run }) })
    )
    if ((yield* Output) === "table") return yield* Console.log(Audit.toText(found))
    yield* presentItems(
      found.keys.map((key) => ({ ...key })),
      ["name", "type", "writes", "creates", "owns", "unused", "unneededMaps", "personalData"].map((name) => ({ name }))
    )
  })
).pipe(
  Command.withDescription("Report what keys may do beyond what they need"),
  Command.withExamples([
    {
      command: "effect-carto keys audit --statements queries.sql --personal-data",
      description: "Grants that none of these statements needs, and personal data that keys can read"
    }
  ])
)
