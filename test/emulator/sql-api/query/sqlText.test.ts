import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { statements, tokens, withoutLeadingComments } from "../../../../src/emulator/sql-api/query/sqlText.ts"

describe("tokens", () => {
  it.prop("tokens cover the text without gaps", [Schema.String], ([sql]) => {
    let end = 0
    for (const token of tokens(sql)) {
      assert.strictEqual(token.start, end)
      assert.isAbove(token.end, token.start)
      end = token.end
    }
    assert.strictEqual(end, sql.length)
  })
})

describe("statements", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["", []],
    [" ; ;; ", []],
    ["select 1", ["select 1"]],
    ["select 1; select 2 ;", ["select 1", "select 2"]],
    ["select ';'; select 2", ["select ';'", "select 2"]],
    ["select 'it''s;'; select 2", ["select 'it''s;'", "select 2"]],
    [String.raw`select 'a\'; select 2`, [String.raw`select 'a\'`, "select 2"]],
    [String.raw`select E'a\';'; select 2`, [String.raw`select E'a\';'`, "select 2"]],
    ['select 1 as "a;""b"; select 2', ['select 1 as "a;""b"', "select 2"]],
    ["select $$;$$; select 2", ["select $$;$$", "select 2"]],
    ["select $a$;$$;$a$; select 2", ["select $a$;$$;$a$", "select 2"]],
    ["select a$b; select c$b", ["select a$b", "select c$b"]],
    ["select 1 -- ; not here\n; select 2", ["select 1 -- ; not here", "select 2"]],
    ["select /* ; /* ; */ ; */ 1; select 2", ["select /* ; /* ; */ ; */ 1", "select 2"]],
    ["select 'open; select 2", ["select 'open; select 2"]]
  ]
  for (const [sql, expected] of cases) {
    it(`statements splits ${JSON.stringify(sql)}`, () => assert.deepStrictEqual(statements(sql), expected))
  }
})

describe("withoutLeadingComments", () => {
  it("withoutLeadingComments begins at the first word", () => {
    assert.strictEqual(withoutLeadingComments(" /* a */ -- b\n select 1 -- c"), "select 1 -- c")
    assert.strictEqual(withoutLeadingComments("-- a"), "")
  })
})
