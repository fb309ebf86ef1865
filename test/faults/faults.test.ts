/** A part of `npm run faults`: each operation under some of the faults, over both of Node's transports, and a short soak. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { transports } from "./Case.ts"
import { runMatrix } from "./matrix.ts"
import { problems } from "./report.ts"
import { soak } from "./soak/soak.ts"
import { strayRejections } from "./strayRejections.ts"
import * as World from "./World.ts"

/** One of this many cases. */
const oneOf = 67

layer(World.layer, { excludeTestServices: true, timeout: "60 seconds" })("faults", (it) => {
  for (const [index, transport] of transports.entries()) {
    it.effect(`operations under faults end with a declared reason over ${transport}`, () =>
      Effect.gen(function* () {
        const stray = yield* strayRejections
        const entries = yield* runMatrix({ transport, pick: (number) => number % oneOf === index })
        assert.deepStrictEqual([...problems(entries), ...stray()], [])
        assert.isAbove(new Set(entries.map(({ fault }) => fault?.name)).size, 40)
      })
    )
  }

  it.effect("concurrent operations, one in twenty under a fault, end with a declared reason", () =>
    Effect.gen(function* () {
      const { operations, problems, text } = yield* soak({ seconds: 3, fibers: 24 })
      assert.deepStrictEqual(problems, [], text)
      assert.isAbove(operations, 24)
    })
  )
})
