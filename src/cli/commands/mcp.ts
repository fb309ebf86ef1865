import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Lease from "../../keys/Lease.ts"
import { readDuration, withAccount } from "../account/account.ts"
import { usage } from "../failure.ts"
import { readTables } from "../grants.ts"
import { message } from "../terminal/message.ts"

/** `effect-carto mcp` */
export const mcp = Command.make(
  "mcp",
  {
    table: Flag.String("table").pipe(
      Flag.withMetavar("TABLE"),
      Flag.withDescription("A table that the agent may read: [SCHEMA.]NAME; repeatable"),
      Flag.atLeast(0)
    ),
    ttl: Flag.String("ttl").pipe(
      Flag.withMetavar("DURATION"),
      Flag.withDescription("How long the session may last (default: 8h)"),
      Flag.withDefault("8h")
    )
  },
  Effect.fnUntraced(function* ({ table, ttl }) {
    if (table.length === 0) return yield* usage("name the tables that the agent may read: --table [SCHEMA.]NAME")
    const tables = yield* readTables(table)
    const writes = tables.find(({ permissions }) => permissions.some((permission) => permission !== "select"))
    if (writes !== undefined) return yield* usage(`the agent may only read: --table ${writes.name}:select`)
    yield* withAccount(
      Effect.scoped(
        Effect.gen(function* () {
          const lease = yield* Lease.lease({ purpose: "mcp", ttl: readDuration(ttl), apis: ["sql"], tables })
          yield* message(`"${lease.key.name}" may read ${table.join(", ")}. It is revoked when the session ends.`)
          // loaded here alone: the protocol would double the start of every other command
          const { serve } = yield* Effect.promise(() => import("../mcp/serve.ts"))
          const session = yield* Effect.forkScoped(serve(lease.key, table))
          yield* Lease.untilDeadline(Fiber.await(session), lease)
        })
      )
    )
  })
).pipe(
  Command.withDescription("Serve the Model Context Protocol on stdio, under a lease with the tables you name"),
  Command.withExamples([
    {
      command: "effect-carto mcp --table tornadoes --table storm_reports",
      description: "An agent can read these two tables and nothing else"
    }
  ])
)
