import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Grants from "../../../account/Grants.ts"
import { ApiKeyManager } from "../../../keys/ApiKeyManager.ts"
import * as Rotation from "../../../keys/Rotation.ts"
import { withAccount } from "../../account/account.ts"
import { writeText } from "../../io/files.ts"
import { message } from "../../terminal/message.ts"

/** `effect-carto keys import` */
export const importKeys = Command.make(
  "import",
  {
    prefix: Flag.String("prefix").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("Keys whose names begin with this; the plan then manages these alone (default: all)"),
      Flag.withDefault("")
    ),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Write to this file (default: stdout)"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ out, prefix }) {
    const keys = yield* withAccount(ApiKeyManager.use((manager) => manager.list({ type: "regular", order: "name" })))
    const named = keys.filter(({ name }) => name.startsWith(prefix) && !name.startsWith("lease~"))
    const newest = new Map(named.map((key) => [Rotation.baseName(key.name), key]))
    const desired = yield* Effect.forEach(newest, ([name, { grants }]) => {
      const { dropped, request } = Grants.toRequest(grants)
      // every key may use these schemas, and no request can ask for that
      const lost = dropped.filter((grant) => !grant.endsWith(": usage"))
      return Effect.as(
        lost.length === 0 ? Effect.void : message(`"${name}": a plan cannot ask for ${lost.join(", ")}`),
        { name, ...request }
      )
    })
    const text = JSON.stringify({ prefix, keys: desired }, undefined, 2)
    if (Option.isNone(out)) return yield* Console.log(text)
    yield* writeText(out.value, `${text}\n`)
    yield* message(`Wrote ${desired.length} keys to ${out.value}.`)
  })
).pipe(
  Command.withDescription("Write a plan file from the keys that the account has"),
  Command.withExamples([
    { command: "effect-carto keys import --out keys.jsonc", description: "The start of keys as code" }
  ])
)
