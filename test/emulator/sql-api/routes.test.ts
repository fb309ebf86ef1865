import { assert, describe, it } from "@effect/vitest"
import { match } from "../../../src/emulator/sql-api/routes.ts"

const route = (method: string, path: string) => {
  const found = match(method, path)
  if (found === undefined) return undefined
  const { endpoint, user } = found
  return [endpoint._tag, "jobId" in endpoint ? endpoint.jobId : undefined, user]
}

describe("match", () => {
  const found: ReadonlyArray<readonly [string, string, ReadonlyArray<string | undefined>]> = [
    ["GET", "/api/v2/sql", ["Query", undefined, undefined]],
    ["DELETE", "/API/whatever/SQL/", ["Query", undefined, undefined]],
    ["POST", "/user/acme/api/v1/sql", ["Query", undefined, "acme"]],
    ["POST", "/u/mary/api/v1/sql", ["Query", undefined, "mary"]],
    ["POST", "/user/acme/u/mary/api/v1/sql", ["Query", undefined, "mary"]],
    ["OPTIONS", "/api/v2/sql/job", ["Preflight", undefined, undefined]],
    ["POST", "/api/v2/sql/job/", ["CreateJob", undefined, undefined]],
    ["GET", "/api/v2/sql/job/A-b", ["ReadJob", "A-b", undefined]],
    ["DELETE", "/api/v2/sql/job/x%20y", ["CancelJob", "x y", undefined]],
    ["POST", "/api/v2/sql/copyfrom", ["CopyFrom", undefined, undefined]],
    ["GET", "/api/v2/sql/copyto", ["CopyTo", undefined, undefined]],
    ["POST", "/api/v2/sql/copyto", ["CopyTo", undefined, undefined]],
    ["GET", "/api/v2/version", ["Version", undefined, undefined]],
    ["GET", "/api/v2/health", ["Health", undefined, undefined]],
    ["GET", "/api/v2/jobs-wip", ["JobsInProgress", undefined, undefined]]
  ]
  for (const [method, path, expected] of found) {
    it(`${method} ${path}`, () => assert.deepEqual(route(method, path), expected))
  }
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/api/v2"],
    ["GET", "/api/v2/sql.json"],
    ["GET", "/api/v2/sqlx"],
    ["GET", "/sql"],
    ["GET", "/api/v2/sql/job"],
    ["PUT", "/api/v2/sql/job/x"],
    ["GET", "/api/v2/sql/job/x/y"],
    ["GET", "/api/v2/sql/copyfrom"],
    ["DELETE", "/api/v2/sql/copyto"],
    ["POST", "/api/v2/version"]
  ] as const) {
    it(`not ${method} ${path}`, () => assert.isUndefined(route(method, path)))
  }
})
