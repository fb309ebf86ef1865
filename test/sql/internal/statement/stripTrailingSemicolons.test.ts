import { assert, describe, it } from "@effect/vitest"
import { stripTrailingSemicolons } from "../../../../src/sql/internal/statement/stripTrailingSemicolons.ts"

describe("a statement without its end", () => {
  for (const [text, expected] of [
    ["SELECT 1", "SELECT 1"],
    [" SELECT 1 ; ;\n", " SELECT 1"],
    ["SELECT 1; -- the end", "SELECT 1"],
    ["SELECT 1 /* ; */ -- a\n;/* b */", "SELECT 1"],
    ["SELECT ';--'", "SELECT ';--'"],
    ["SELECT ';' AS \";\";", "SELECT ';' AS \";\""],
    ["SELECT $$;--$$;", "SELECT $$;--$$"],
    ["SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"],
    ["SELECT 1 -- one\n, 2 -- two", "SELECT 1 -- one\n, 2"],
    ["SELECT 1 - -1", "SELECT 1 - -1"],
    ["-- nothing", ""]
  ] as const) {
    it(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () =>
      assert.strictEqual(stripTrailingSemicolons(text), expected))
  }
})
