import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as LeaseName from "../../../../src/keys/internal/lifecycle/leaseName.ts"

describe("LeaseName", () => {
  const deadline = new Date("2026-11-24T05:30:00Z")
  const name = LeaseName.format({ purpose: "nightly-report", owner: "web.1", deadline, id: "0123456789" })

  it("the name of a lease is read as it was written", () => {
    assert.strictEqual(name, "lease~nightly-report~web.1~20261124T053000Z~0123456789~b7b14a89")
    const { deadline: read, ...words } = Option.getOrThrow(LeaseName.parse(name))
    assert.deepStrictEqual(words, { purpose: "nightly-report", owner: "web.1", id: "0123456789" })
    assert.strictEqual(read.toISOString(), "2026-11-24T05:30:00.000Z")
  })

  it("a name of another form is not the name of a lease", () => {
    for (const other of [
      "lease",
      "lease~2",
      "lease of the office",
      `${name} `,
      name.toUpperCase(),
      name.replace("web.1", "web.2"),
      name.replace("T05", "T04"),
      name.replace("~b7", "~b8"),
      "lease~a~b~20261124T053000Z~0123456789~00000000"
    ]) {
      assert.isTrue(Option.isNone(LeaseName.parse(other)), other)
    }
  })
})
