import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Lease from "../../../keys/Lease.ts"
import { withAccount } from "../../account/account.ts"
import { presentItems } from "../../terminal/present.ts"

/** `effect-carto keys sweep` */
export const sweep = Command.make(
  "sweep",
  {
    owner: Flag.String("owner").pipe(
      Flag.withMetavar("WORD"),
      Flag.withDescription("Leases of this owner alone"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* ({ owner }) {
    const { deleted, refused } = yield* withAccount(Lease.sweep({ owner: Option.getOrUndefined(owner) }))
    yield* presentItems(
      [
        ...deleted.map((name) => ({ name, outcome: "deleted" })),
        ...refused.map(({ description, name }) => ({ name, outcome: `refused: ${description}` }))
      ],
      [{ name: "name" }, { name: "outcome" }]
    )
  })
).pipe(
  Command.withDescription("Delete leases whose time is over and that no process deleted"),
  Command.withExamples([{ command: "effect-carto keys sweep", description: "From a cron job, for example" }])
)
