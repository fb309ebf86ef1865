/** A part of `npm run faults -- model`: concurrent calls on the same keys, in many orders. */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Emulator } from "../../../src/emulator/index.ts"
import { layerEmulator } from "../../support/embedded.ts"
import { randomFrom } from "../../support/hostile.ts"
import { makeEmulatorApi } from "./EmulatorApi.ts"
import { nameOf, pairs, scenarioOf } from "./scenarios.ts"
import { explore, sample } from "./schedules.ts"

describe("two calls at once, in memory", () => {
  for (const pair of pairs) {
    it(`${nameOf(pair)}: every published key works in any order with one switch or one crash`, async () => {
      assert.isAbove(await explore(scenarioOf(pair), { switches: 1, crashes: 0 }), 1)
      assert.isAbove(await explore(scenarioOf(pair), { switches: 0, crashes: 1 }), 1)
    })
  }
})

layer(layerEmulator({ postgis: false, accounts: [{ username: "demo" }] }), { timeout: "60 seconds" })(
  "two calls at once, on the embedded CARTO",
  (it) => {
    it.effect("the rules of two concurrent calls hold in random orders on the embedded CARTO", () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator
        const random = randomFrom(12)
        for (const pair of [...pairs, ...pairs].filter(() => random(3) === 0)) {
          yield* Effect.promise(() =>
            sample(
              scenarioOf(pair, () => makeEmulatorApi(emulator)),
              { switches: 9, crashes: 1 },
              random
            )
          )
        }
      })
    )
  }
)
