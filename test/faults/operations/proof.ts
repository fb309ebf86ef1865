/** What asks who may do what. */
import * as Effect from "effect/Effect"
import { type ApiKey, ApiKeyManager, sql } from "../../../src/index.ts"
import * as Audit from "../../../src/keys/Audit.ts"
import * as LeastPrivilege from "../../../src/keys/LeastPrivilege.ts"
import * as Matrix from "../../../src/keys/Matrix.ts"
import * as Proof from "../../../src/keys/Proof.ts"
import { allOrNothing, expect, nothing, operation, type Operation } from "../Operation.ts"
import { type Account, onLiveClock, readsNumbers as grants, type WorldService } from "../World.ts"
import * as reasons from "./reasons.ts"
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

export const proof: ReadonlyArray<Operation> = [
  operation(
    "Proof.createProven",
    { at: creation, isComposite: true, prepare: nothing },
    (_, id) => Proof.createProven({ name: `proven-${id}`, ...grants }),
    allOrNothing("keys", (world, id) => Effect.map(world.keys(`proven-${id}`), (all) => all.length))
  )({ ...reasons.create, ...reasons.query, GrantsDiffer: true }),
  operation("Proof.prove", { isComposite: true, prepare: makeKey }, (key) => Proof.prove(key), {
    done: (_, { extra, missing }) =>
      Effect.succeed(expect("a proof of something else", Proof.isEmpty(missing) && Proof.isEmpty(extra)))
  })(reasons.query),
  operation("Proof.can", { isComposite: true, prepare: makeKey }, (key) => Proof.can(key, "select", "numbers"), {
    done: (_, can) => Effect.succeed(expect("it can", can))
  })(reasons.query),
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
  operation("Matrix.matrix", { account, isComposite: true, prepare: withKey }, () => Matrix.matrix(), {
    done: (_, { keys }) => Effect.succeed(expect(`${keys.length} keys`, keys.length === 3))
  })({ ...reasons.account, ...reasons.query })
]
