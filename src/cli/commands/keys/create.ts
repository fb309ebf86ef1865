import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { ApiKeyManager } from "../../../keys/ApiKeyManager.ts"
import * as Lease from "../../../keys/Lease.ts"
import { readDuration, withAccount } from "../../account/account.ts"
import { CliFailure, exitCodes } from "../../failure.ts"
import { grantFlags, readGrants } from "../../grants.ts"
import { message } from "../../terminal/message.ts"
import { presentItem } from "../../terminal/present.ts"
import { described, reveal } from "./shared/describe.ts"
import { refusedGrants } from "./shared/refusedGrants.ts"

/** `effect-carto keys create NAME` */
export const create = Command.make(
  "create",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription("Name of the key; with --expires, what the key is for")
    ),
    ...grantFlags,
    expires: Flag.String("expires").pipe(
      Flag.withMetavar("DURATION"),
      Flag.withDescription("Create a lease that `keys sweep` deletes after this time, for example 2h"),
      Flag.optional
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Create nothing; say which grants the account cannot pass on"),
      Flag.withDefault(false),
      Flag.withoutNegation
    ),
    reveal
  },
  Effect.fnUntraced(function* ({ dryRun, expires, name, reveal: shown, ...flags }) {
    const grants = yield* readGrants(flags)
    if (dryRun) {
      const refused = yield* withAccount(refusedGrants(grants))
      if (refused.length > 0) {
        const message = `these grants would be refused:\n  ${refused.join("\n  ")}`
        return yield* new CliFailure({ message, exitCode: exitCodes.refused })
      }
      return yield* message("Every grant can be given.")
    }
    const key = yield* withAccount(
      Option.isSome(expires)
        ? // a scope that stays open: the key is left to `keys sweep`
          Scope.make().pipe(
            Effect.flatMap((open) =>
              Scope.provide(Lease.lease({ purpose: name, ttl: readDuration(expires.value), ...grants }), open)
            ),
            Effect.map((lease) => lease.key)
          )
        : ApiKeyManager.use((keys) => keys.create({ name, ...grants }))
    )
    yield* presentItem(described(key, shown))
    if (!shown) yield* message(`The token is masked. Print it with: effect-carto keys get '${key.name}' --reveal`)
  })
).pipe(
  Command.withDescription("Create a regular key"),
  Command.withExamples([
    {
      command: "effect-carto keys create reader --table tornadoes:select",
      description: "A key that may read one table"
    },
    {
      command: "effect-carto keys create loader --api sql --table public.storm_reports:select,insert --dry-run",
      description: "Ask whether such a key could be created"
    }
  ])
)
