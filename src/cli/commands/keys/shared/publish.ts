/** How new tokens reach the programs that use them. */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../../../account/ApiKey.ts"
import * as Rotation from "../../../../keys/Rotation.ts"
import { runWithInput } from "../../../io/runCommand.ts"

export const publish = Flag.String("publish").pipe(
  Flag.withMetavar("COMMAND"),
  Flag.withDescription("A shell command that gets the token on stdin; {} in it becomes the name of the key")
)

export const grace = Flag.String("grace").pipe(
  Flag.withMetavar("DURATION"),
  Flag.withDescription("How long the old key works after the new one is published (default: 1m)"),
  Flag.withDefault("1m")
)

export const ownedTables = Flag.Literals("owned-tables", ["refuse", "reassign"]).pipe(
  Flag.withMetavar("CHOICE"),
  Flag.withDescription(
    "What happens to tables that the old key made: refuse to go on, or reassign them to the account"
  ),
  Flag.withDefault("refuse" as const)
)

const quoted = (name: string): string => `'${name.replaceAll("'", `'\\''`)}'`

/** Runs the command for a key. The token is on its stdin only: never an argument, never a variable. */
export const publishWith = (command: string, key: ApiKey) =>
  runWithInput(
    command.replaceAll("{}", () => quoted(Rotation.baseName(key.name))),
    Redacted.value(key.token)
  ).pipe(Effect.withSpan("publish"))
