import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { escapeName, identifier, quoteName } from "../../../src/sql/internal/identifier.ts"

const refused: ReadonlyArray<readonly [what: string, name: unknown, remedy: RegExp]> = [
  ["an empty name", "", /give a name/],
  ["a name with a NUL character", "a\0b", /NUL/],
  ["a name with half of a surrogate pair", "a\ud83d", /surrogate/],
  ["a name of 64 bytes", "é".repeat(32), /63 bytes/],
  ["a name that is not a string", 1, /string/],
  ["undefined", undefined, /string/]
]

describe("identifier", () => {
  for (const [what, name, remedy] of refused) {
    it(`${what} is refused by every function that quotes names`, () => {
      for (const quote of [escapeName, quoteName, identifier]) {
        const quoted = quote(name)
        assert.isTrue(Result.isFailure(quoted))
        assert.match(Result.isFailure(quoted) ? quoted.failure : "", remedy)
      }
    })
  }

  it("a name of 63 bytes is quoted as it is", () => {
    const name = "x".repeat(63)
    assert.deepStrictEqual(identifier(name), Result.succeed(`"${name}"`))
  })

  it("a double quote in a name is doubled", () => {
    assert.deepStrictEqual(escapeName('a"b'), Result.succeed('a""b'))
    assert.deepStrictEqual(quoteName('a"b'), Result.succeed('"a""b"'))
    assert.deepStrictEqual(identifier('a"b'), Result.succeed('"a""b"'))
  })

  it("the characters -- are escaped in the text of a statement, where the server would cut it", () => {
    assert.deepStrictEqual(identifier("a--\\b"), Result.succeed('U&"a\\002d\\002d\\\\b"'))
    assert.deepStrictEqual(quoteName("a--\\b"), Result.succeed('"a--\\b"'))
  })
})
