import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { ApiKeyManager } from "../../../keys/ApiKeyManager.ts"
import { withAccount } from "../../account/account.ts"
import { presentItems } from "../../terminal/present.ts"
import { listColumns, listed, reveal } from "./shared/describe.ts"

/** `effect-carto keys list` */
export const list = Command.make(
  "list",
  {
    type: Flag.Literals("type", ["master", "default", "regular"]).pipe(
      Flag.withMetavar("TYPE"),
      Flag.withDescription("Keys of this type alone: master, default or regular; repeatable"),
      Flag.atLeast(0)
    ),
    order: Flag.Literals("order", ["type", "name", "updated_at"]).pipe(
      Flag.withMetavar("FIELD"),
      Flag.withDescription("type, name or updated_at"),
      Flag.withDefault("name" as const)
    ),
    reveal
  },
  Effect.fnUntraced(function* ({ order, reveal: shown, type }) {
    const keys = yield* withAccount(
      ApiKeyManager.use((manager) => manager.list({ order, ...(type.length === 0 ? {} : { type }) }))
    )
    yield* presentItems(
      keys.map((key) => listed(key, shown)),
      listColumns(shown)
    )
  })
).pipe(
  Command.withDescription("List all keys of the account"),
  Command.withExamples([
    { command: "effect-carto keys list", description: "Every key, with its APIs and tables" },
    { command: "effect-carto keys list --type regular --output json", description: "Regular keys as JSON" }
  ])
)
