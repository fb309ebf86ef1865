import { assert, describe, it } from "@effect/vitest"
import { ApiError, fromReport, toJson } from "../../../src/emulator/sql-api/apiError.ts"

const timeout =
  '{"error":["You are over platform\'s limits: SQL query timeout error. Refactor your query before running again or contact CARTO support for more details."],"context":"limit","detail":"datasource"}'

describe("fromReport", () => {
  const cases: ReadonlyArray<readonly [Parameters<typeof fromReport>[0], number, string]> = [
    [{ message: "syntax error" }, 400, '{"error":["syntax error"]}'],
    [{ message: "m", detail: "d", hint: "h" }, 400, '{"error":["m"],"detail":"d","hint":"h"}'],
    [{ message: "m", detail: "", hint: "" }, 400, '{"error":["m"]}'],
    [{ message: "permission denied for table t" }, 403, '{"error":["permission denied for table t"]}'],
    [
      {
        message: "permission denied to COPY from a file",
        detail: 'Only roles with privileges of the "pg_read_server_files" role may COPY from a file.',
        hint: "h"
      },
      400,
      '{"error":["must be superuser or have privileges of the pg_read_server_files role to COPY from a file"],"hint":"h"}'
    ],
    [
      { message: "permission denied to create role", detail: "Only roles with the CREATEROLE attribute may …" },
      403,
      '{"error":["permission denied to create role"]}'
    ],
    [
      { message: 'cannot set parameter "session_authorization" within security-definer function' },
      403,
      '{"error":["permission denied to set session authorization"]}'
    ],
    [
      { message: "m", hint: 'Perhaps you need a different "DateStyle" setting.' },
      400,
      '{"error":["m"],"hint":"Perhaps you need a different \\"datestyle\\" setting."}'
    ],
    [{ message: "must be owner of table t" }, 400, '{"error":["must be owner of table t"]}'],
    [{ message: "canceling statement due to statement timeout" }, 429, timeout],
    [{ message: "canceling statement due to user request", detail: "x" }, 429, timeout],
    [{ message: "permission denied, statement timeout" }, 429, timeout]
  ]
  for (const [report, status, json] of cases) {
    it(`fromReport gives status ${status} for: ${report.message}`, () => {
      const error = fromReport(report)
      assert.deepEqual([error.status, toJson(error)], [status, json])
    })
  }
})

describe("toJson", () => {
  it("toJson writes the context before detail and hint", () => {
    assert.strictEqual(
      toJson(new ApiError({ status: 429, message: "m", hint: "h", detail: "d", context: "c" })),
      '{"error":["m"],"context":"c","detail":"d","hint":"h"}'
    )
  })
})
