import { assert, describe, it } from "@effect/vitest"
import * as Generation from "../../../../src/keys/internal/lifecycle/generation.ts"

describe("Generation", () => {
  it("every name of a key is a generation, and is written as it was read", () => {
    const cases = [
      ["tiles", "tiles", 1, undefined],
      ["tiles~2", "tiles", 2, undefined],
      ["tiles~12~0f3c52aa", "tiles", 12, "0f3c52aa"],
      ["tiles~1~0f3c52aa", "tiles", 1, "0f3c52aa"],
      ["tiles~0~0f3c52aa", "tiles", 0, "0f3c52aa"],
      // not names that this makes
      ["tiles~0", "tiles~0", 1, undefined],
      ["tiles~1", "tiles~1", 1, undefined],
      ["tiles~02", "tiles~02", 1, undefined],
      ["tiles~2~xyz", "tiles~2~xyz", 1, undefined],
      ["~2", "~2", 1, undefined]
    ] as const
    for (const [name, base, number, fingerprint] of cases) {
      assert.deepStrictEqual(Generation.parse(name), { base, number, fingerprint })
      assert.strictEqual(Generation.format({ base, number, fingerprint }), name)
    }
    assert.isTrue(Generation.isBase("tiles~1"))
    assert.isFalse(Generation.isBase("tiles~2"))
  })

  it("the name of a decision record names a generation, and is not a base name", () => {
    for (const name of ["tiles", "tiles~2", "tiles~2~0f3c52aa"]) {
      assert.strictEqual(Generation.parseDecision(Generation.formatDecision(name)), name)
      assert.isFalse(Generation.isBase(Generation.formatDecision(name)))
    }
    assert.isUndefined(Generation.parseDecision("tiles~2"))
    assert.isUndefined(Generation.parseDecision("~decided"))
  })
})
