/** Calls that a governor holds back, interrupted in regions that protect what they create. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ApiKeyManager } from "../../src/index.ts"
import * as Lease from "../../src/keys/Lease.ts"
import { inMemory } from "../../src/rate-limit/RateGovernor.ts"
import { scripted, servicesOf } from "./pacing.ts"

const refused = () => Response.json({ errors: "slow down" }, { status: 429, headers: { "retry-after": "60" } })

describe("a call that waits for the rate limit", () => {
  const options = { purpose: "test", tables: [{ schema: "public", name: "t", permissions: ["select"] }] } as const
  for (const [name, effect] of [
    ["Lease.withLease", Lease.withLease(Effect.never, options)],
    ["Lease.lease", Effect.scoped(Lease.lease(options))],
    ["keys.create", ApiKeyManager.use((keys) => keys.create({ name: "app", apis: ["sql"] }))],
    ["keys.regenerate", ApiKeyManager.use((keys) => keys.regenerate("app"))]
  ] as const) {
    it.effect(`can be interrupted, and sends nothing, inside ${name}`, () =>
      Effect.gen(function* () {
        const { layer, sent } = scripted(() => Effect.succeed(refused()))
        yield* Effect.gen(function* () {
          // a refusal makes the next call of the group wait
          yield* Effect.ignore(ApiKeyManager.use((keys) => keys.whoami))
          const fiber = yield* Effect.forkChild(effect)
          yield* TestClock.adjust("1 second")
          assert.isUndefined(fiber.pollUnsafe())
          const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
          yield* TestClock.adjust(1)
          assert.isDefined(interrupted.pollUnsafe(), "it is still running")
          assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
        }).pipe(Effect.provide(servicesOf("alice", inMemory(), { retry: false })), Effect.provide(layer))
        assert.strictEqual(sent.length, 1)
      })
    )
  }
})
