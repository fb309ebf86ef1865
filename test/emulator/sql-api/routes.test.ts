import { assert, describe, it } from "@effect/vitest"
import { match } from "../../../src/emulator/sql-api/routes.ts"

const route = (method: string, path: string) => {
  const found = match(method, path)
  if (found === undefined) return undefined
  const { endpoint, segments, user } = found
  return [endpoint.name, segments["jobId"], user]
}

describe("match", () => {
  const found: ReadonlyArray<readonly [string, string, ReadonlyArray<string | undefined>]> = [
    ["GET", "/api/v2/sql", ["query", undefined, undefined]],
    ["DELETE", "/API/whatever/SQL/", ["query", undefined, undefined]],
    ["POST", "/user/acme/api/v1/sql", ["query", undefined, "acme"]],
    ["POST", "/u/mary/api/v1/sql", ["query", undefined, "mary"]],
    ["POST", "/user/acme/u/mary/api/v1/sql", ["query", undefined, "mary"]],
    ["OPTIONS", "/api/v2/sql/job", ["preflight", undefined, undefined]],
    ["POST", "/api/v2/sql/job/", ["create job", undefined, undefined]],
    ["GET", "/api/v2/sql/job/A-b", ["get job", "A-b", undefined]],
    ["DELETE", "/api/v2/sql/job/x%20y", ["cancel job", "x y", undefined]],
    ["POST", "/api/v2/sql/copyfrom", ["copyfrom", undefined, undefined]],
    ["GET", "/api/v2/sql/copyto", ["copyto", undefined, undefined]],
    ["POST", "/api/v2/sql/copyto", ["copyto", undefined, undefined]],
    ["GET", "/api/v2/version", ["version", undefined, undefined]],
    ["GET", "/api/v2/health", ["health", undefined, undefined]],
    ["GET", "/api/v2/jobs-wip", ["jobs-wip", undefined, undefined]]
  ]
  for (const [method, path, expected] of found) {
    it(`${method} ${path} is routed`, () => assert.deepEqual(route(method, path), expected))
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
    it(`${method} ${path} is not routed`, () => assert.isUndefined(route(method, path)))
  }
})
