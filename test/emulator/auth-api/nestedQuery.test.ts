import { assert, describe, it } from "@effect/vitest"
import { parse } from "../../../src/emulator/auth-api/nestedQuery.ts"

const read = (text: string): unknown => {
  const parameters = parse(text)
  return parameters === undefined ? undefined : Object.fromEntries(parameters)
}

describe("nested queries", () => {
  const cases: ReadonlyArray<readonly [string, unknown]> = [
    ["", {}],
    ["a=1&b=2;c=3", { a: "1", b: "2", c: "3" }],
    ["a=1&a=2", { a: "2" }],
    ["a&b=", { a: null, b: "" }],
    ["a=b=c", { a: "b=c" }],
    ["a+b=c+d%2B%C3%A9", { "a b": "c d+é" }],
    ["a[]=1&a[]=2", { a: ["1", "2"] }],
    ["a[b]=1&a[c][d]=2", { a: { b: "1", c: { d: "2" } } }],
    [
      "g[][t]=x&g[][l][]=1&g[][l][]=2&g[][t]=y",
      {
        g: [{ t: "x", l: ["1", "2"] }, { t: "y" }]
      }
    ],
    ["a[__proto__][x]=1", { a: JSON.parse('{"__proto__":{"x":"1"}}') }],
    ["a=1&a[b]=2", undefined],
    ["a[b]=1&a[]=2", undefined],
    ["a=%zz", undefined],
    ["a=%", undefined]
  ]
  for (const [text, expected] of cases)
    it(`a nested query is read or refused: ${text || "nothing"}`, () => assert.deepStrictEqual(read(text), expected))

  it("a nested query of 200 levels is refused", () => {
    assert.isUndefined(read(`a${"[b]".repeat(200)}=1`))
    assert.isDefined(read(`a${"[b]".repeat(50)}=1`))
  })
})
