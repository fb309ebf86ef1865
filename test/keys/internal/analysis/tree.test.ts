/** Node trees of PostgreSQL as text, of any size. */
import { assert, describe, it } from "@effect/vitest"
import { accesses } from "../../../../src/keys/internal/analysis/tree/accesses.ts"
import { expression } from "../../../../src/keys/internal/analysis/tree/expressions.ts"
import { everyNode, readTree } from "../../../../src/keys/internal/analysis/tree/nodeTree.ts"

/** `n` calls, each in the arguments of another. */
const nested = (depth: number): string =>
  `${"{FUNCEXPR :funcid 7 :args (".repeat(depth)}{CONST :consttype 23}${")}".repeat(depth)}`

describe("a tree", () => {
  it("a tree of any depth is read", () => {
    assert.strictEqual([...everyNode(readTree(nested(100_000)))].length, 100_001)
    assert.strictEqual(expression(nested(100_000)).calls.length, 100_000)
  })
  it("names in a tree are distinguished from its brackets and fields", () => {
    const [access, ...rest] = accesses(
      String.raw`({QUERY :resultRelation 0 :rtable ({RANGETBLENTRY :eref {ALIAS :aliasname a\ \{RTE\ :relid\ 9\} :colnames ("x\}" "\(b")} :rtekind 0 :relid 5 :requiredPerms 2 :selectedCols (b 8 9) :insertedCols (b)})})`
    )
    assert.deepStrictEqual(rest, [])
    assert.deepInclude(access, { relation: 5, permissions: ["select"], outermost: true, selected: [8, 9] })
  })
  it("a truncated tree is read to its end", () => {
    assert.doesNotThrow(() => expression(nested(50).slice(0, 700)))
    assert.doesNotThrow(() => expression(`)}${nested(3)}`))
  })
})
