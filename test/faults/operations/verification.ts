/** Operations that read permissions. */
import * as Effect from "effect/Effect"
import { type ApiKey, ApiKeyManager, sql } from "../../../src/index.ts"
import * as Audit from "../../../src/keys/Audit.ts"
import * as LeastPrivilege from "../../../src/keys/LeastPrivilege.ts"
import * as AccessMatrix from "../../../src/keys/AccessMatrix.ts"
import * as Verification from "../../../src/keys/Verification.ts"
import { allOrNothing, expect, nothing, operation, type Operation } from "../Operation.ts"
import { type Account, onLiveClock, readsNumbers as grants, type WorldService } from "../World.ts"
import * as reasons from "../../errors/reasonLists.ts"
import { creation } from "./requests.ts"

const makeKey = (world: WorldService, id: string): Effect.Effect<ApiKey> =>
  world.direct(ApiKeyManager.use((keys) => keys.create({ name: `asked ${id}`, ...grants })))

/** An account whose keys do not come and go. */
const account = (world: WorldService, id: string): Effect.Effect<Account> => world.ownAccount(`own${id}`)
const withKey = (_: WorldService, id: string, { direct }: Account): Effect.Effect<ApiKey> =>
  ApiKeyManager.use((keys) => keys.create({ name: `asked ${id}`, apis: ["sql"] })).pipe(
    Effect.provide(direct),
    Effect.orDie,
    onLiveClock
  )

const statement = sql`SELECT name FROM numbers WHERE n = 1`

export const verification: ReadonlyArray<Operation> = [
  operation(
    "Verification.createVerified",
    { at: creation, isComposite: true, prepare: nothing },
    (_, id) => Verification.createVerified({ name: `proven-${id}`, ...grants }),
    allOrNothing("keys", (world, id) => Effect.map(world.keys(`proven-${id}`), (all) => all.length))
  )({ ...reasons.create, ...reasons.query, GrantsDiffer: true }),
  operation(
    "Verification.verifyGrants",
    { isComposite: true, prepare: makeKey },
    (key) => Verification.verifyGrants(key),
    {
      done: (_, { extra, missing }) =>
        Effect.succeed(
          expect("a proof of something else", Verification.isEmpty(missing) && Verification.isEmpty(extra))
        )
    }
  )(reasons.query),
  operation(
    "Verification.can",
    { isComposite: true, prepare: makeKey },
    (key) => Verification.can(key, "select", "numbers"),
    {
      done: (_, can) => Effect.succeed(expect("it can", can))
    }
  )(reasons.query),
  operation("LeastPrivilege.infer", { isComposite: true, prepare: nothing }, () => LeastPrivilege.infer([statement]), {
    done: (_, { needs }) => Effect.succeed(expect("not what is needed", needs.length === 1))
  })({ ...reasons.query, StatementRefused: true }),
  operation(
    "LeastPrivilege.verify",
    { at: creation, isComposite: true, prepare: nothing },
    () => LeastPrivilege.verify(grants, [statement]),
    // it does so under a lease, which is looked at elsewhere
    { notDone: () => Effect.succeed([]) }
  )({ ...reasons.create, ...reasons.query, GrantsInsufficient: true }),
  operation("Audit.audit", { account, isComposite: true, prepare: withKey }, () => Audit.audit(), {
    done: (_, { keys }) => Effect.succeed(expect(`${keys.length} keys`, keys.length === 3))
  })({ ...reasons.account, ...reasons.query, StatementRefused: true }),
  operation("AccessMatrix.make", { account, isComposite: true, prepare: withKey }, () => AccessMatrix.make(), {
    done: (_, { keys }) => Effect.succeed(expect(`${keys.length} keys`, keys.length === 3))
  })({ ...reasons.account, ...reasons.query })
]
