import { assert, describe, it } from "@effect/vitest"
import { isAuthApi, match } from "../../../src/emulator/auth-api/routes.ts"

const shown = (method: string, path: string): string => {
  const route = match(method, path)
  return route === undefined ? "none" : [route.endpoint.name, route.name, route.userDomain ?? "-"].join(" ")
}

describe("routes", () => {
  const cases: ReadonlyArray<readonly [string, string, string]> = [
    ["GET", "/api/v3/api_keys", "list  -"],
    ["HEAD", "/api/v3/api_keys", "list  -"],
    ["POST", "/api/v3/api_keys/", "create  -"],
    ["GET", "//api//v3///api_keys", "list  -"],
    ["GET", "/api/v3/api_keys.json", "list  -"],
    ["GET", "/api/v3/api_keys.xml", "none"],
    ["GET", "/api/v3/api_keysx", "none"],
    ["GET", "/user/alice/api/v3/api_keys", "list  alice"],
    ["GET", "/u/alice/api/v3/api_keys", "list  alice"],
    ["GET", "/user/alice/u/bob/api/v3/api_keys", "list  bob"],
    ["GET", "/u/bob/user/alice/api/v3/api_keys", "none"],
    ["GET", "/user/al.ice/api/v3/api_keys", "none"],
    ["GET", "/api/v3/api_keys/a.b", "show a.b -"],
    ["GET", "/api/v3/api_keys/a.json", "show a.json -"],
    ["GET", "/api/v3/api_keys/a%2Fb%20%C3%BC+c", "show a/b ü+c -"],
    ["GET", "/api/v3/api_keys/100%25%zz", "show 100%%zz -"],
    ["GET", "/api/v3/api_keys/a/b", "none"],
    ["DELETE", "/api/v3/api_keys/a", "delete a -"],
    ["PUT", "/api/v3/api_keys/a", "none"],
    ["POST", "/api/v3/api_keys/a", "none"],
    ["POST", "/api/v3/api_keys/a/token/regenerate", "regenerate a -"],
    ["POST", "/api/v3/api_keys/a.b/token/regenerate", "none"],
    ["POST", "/api/v3/api_keys/a%2Eb/token/regenerate", "regenerate a.b -"],
    ["GET", "/api/v3/api_keys/a/token/regenerate", "none"],
    ["OPTIONS", "/api/v3/api_keys", "none"]
  ]
  for (const [method, path, expected] of cases) {
    it(`${method} ${path} is routed to ${expected}`, () => assert.strictEqual(shown(method, path), expected))
  }

  it("paths outside the Auth API are not routed", () => {
    const paths = ["/api/v3/api_keys/x", "/user/a.b/api/v3/api_keys", "/api/v3/api_keyss", "/api/v2/sql"]
    assert.deepStrictEqual(paths.map(isAuthApi), [true, true, false, false])
  })
})
