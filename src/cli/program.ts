/** The root command. */
import * as Command from "effect/cli/Command"
import { complete, completions } from "./commands/completions.ts"
import { copy } from "./commands/copy.ts"
import { emulator } from "./commands/emulator.ts"
import { jobs } from "./commands/jobs.ts"
import { keys } from "./commands/keys/index.ts"
import { login, profiles } from "./commands/profiles.ts"
import { sqlCommand } from "./commands/sql.ts"
import { mcp } from "./commands/mcp.ts"
import { whoami } from "./commands/whoami.ts"
import { settings } from "./settings.ts"

export const program = Command.make("effect-carto").pipe(
  Command.withDescription("CARTO's API keys, SQL and data from a terminal"),
  Command.withSubcommands([
    login,
    profiles,
    whoami,
    keys,
    sqlCommand,
    copy,
    jobs,
    emulator,
    mcp,
    completions,
    complete((): Command.Command.Any => program)
  ]),
  Command.withGlobalFlags(settings)
)
