import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import { Auth } from "../../../account/Auth.ts"
import * as Lease from "../../../keys/Lease.ts"
import { readDuration, withAccount } from "../../account/account.ts"
import { CliFailure, failed } from "../../failure.ts"
import { grantFlags, readGrants } from "../../grants.ts"
import { message } from "../../terminal/message.ts"

/** `effect-carto keys lease -- COMMAND` */
export const lease = Command.make(
  "lease",
  {
    command: Argument.String("command").pipe(
      Argument.withDescription("The program to run, and its arguments, after --"),
      Argument.variadic({ min: 1 })
    ),
    purpose: Flag.String("purpose").pipe(
      Flag.withMetavar("WORD"),
      Flag.withDescription("What the key is for; part of its name (default: command)"),
      Flag.withDefault("command")
    ),
    ttl: Flag.String("ttl").pipe(
      Flag.withMetavar("DURATION"),
      Flag.withDescription("How long the program may run (default: 15m)"),
      Flag.withDefault("15m")
    ),
    ...grantFlags
  },
  Effect.fnUntraced(function* ({ command: [program = "", ...args], purpose, ttl, ...flags }) {
    const grants = yield* readGrants(flags)
    const exitCode = yield* withAccount(
      Effect.scoped(
        Effect.gen(function* () {
          const held = yield* Lease.lease({ purpose, ttl: readDuration(ttl), ...grants })
          const { authUrl, username } = yield* Auth
          yield* message(`"${held.key.name}" is revoked when the program ends.`)
          const child = yield* ChildProcess.make(program, args, {
            env: { CARTO_BASE_URL: authUrl, CARTO_USERNAME: username, CARTO_API_KEY: held.key.token },
            extendEnv: true,
            stdin: "inherit",
            stdout: "inherit",
            stderr: "inherit",
            forceKillAfter: "5 seconds"
          }).pipe(Effect.mapError((error) => failed(`"${program}" cannot be started: ${error.message}`)))
          return yield* Lease.untilDeadline(
            // a program that a signal ends has no exit code
            Effect.orElseSucceed(child.exitCode, () => 1),
            held
          )
        })
      )
    )
    if (exitCode !== 0) {
      return yield* new CliFailure({ message: `"${program}" ended with exit code ${exitCode}`, exitCode })
    }
  })
).pipe(
  Command.withDescription("Run a program with a key of its own in its environment, revoked when the program ends"),
  Command.withExamples([
    {
      command: "effect-carto keys lease --table tornadoes:select -- node report.js",
      description: "CARTO_BASE_URL and CARTO_API_KEY are set for the program"
    }
  ])
)
