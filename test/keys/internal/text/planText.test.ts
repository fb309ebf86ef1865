import { assert, describe, it } from "@effect/vitest"
import { Grants } from "../../../../src/index.ts"
import * as Plan from "../../../../src/keys/Plan.ts"

const tornadoes = Grants.table("tornadoes", ["select"])
const towns = Grants.table("towns", ["select", "insert"])

describe("Plan.toText", () => {
  const none = Grants.union({}, {})
  const plan: Plan.Plan = {
    desired: { prefix: "maps-", keys: [] },
    items: [
      {
        action: "create",
        name: "maps-a",
        key: "maps-a~1~0f3c52aa",
        retired: [],
        missing: Grants.union({ apis: ["sql"], tables: [towns], services: ["routing"] }, {}),
        extra: none,
        owned: []
      },
      {
        action: "replace",
        name: "maps-b",
        key: "maps-b~2~0f3c52aa",
        retired: ["maps-b"],
        missing: none,
        extra: Grants.union({ tables: [tornadoes], schemas: [Grants.schema("public")] }, {}),
        owned: []
      },
      {
        action: "delete",
        name: "maps-\u001b[2J\nc",
        key: undefined,
        retired: ["maps-\u001b[2J\nc"],
        missing: none,
        extra: none,
        owned: ["public.made"]
      },
      { action: "unchanged", name: "maps-d", key: "maps-d", retired: [], missing: none, extra: none, owned: [] }
    ]
  }
  it("toText says what happens to each key, and escapes control characters of names", () => {
    assert.strictEqual(
      Plan.toText(plan),
      `  + maps-a is created as maps-a~1~0f3c52aa
      + API sql
      + insert, select on public.towns
      + service routing

  ~ maps-b has other grants: maps-b~2~0f3c52aa replaces maps-b
      - select on public.tornadoes
      - create in schema public

  - maps-\\u{1b}[2J\\u{a}c is not desired: maps-\\u{1b}[2J\\u{a}c will be deleted
      the account becomes the owner of public.made

Plan: 1 to create, 1 to replace, 1 to delete, 1 unchanged.`
    )
  })
  it("toText says the same with colors", () => {
    const colored = Plan.toText(plan, { colors: true })
    assert.include(colored, "\u001b[32m  + maps-a\u001b[0m")
    const plain = ["0", "31", "32", "33"].reduce((text, code) => text.replaceAll(`\u001b[${code}m`, ""), colored)
    assert.strictEqual(plain, Plan.toText(plan))
  })
  it("toText of a plan without keys says so", () => {
    assert.strictEqual(Plan.toText({ desired: { prefix: "maps-", keys: [] }, items: [] }), "Plan: no keys.")
  })
})
