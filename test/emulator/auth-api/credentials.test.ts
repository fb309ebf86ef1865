import { assert, describe, it } from "@effect/vitest"
import { addressedUsername, token } from "../../../src/emulator/auth-api/credentials.ts"

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`

describe("the token of a request", () => {
  const parameters = new Map([["api_key", "parameter"]])
  const none = new Map<string, string>()
  const cases: ReadonlyArray<readonly [string, string, ReadonlyMap<string, string>, string | undefined]> = [
    ["a Basic header", basic("alice:secret"), none, "secret"],
    ["a Basic header without padding", basic("alice:secre").replaceAll("=", ""), none, "secre"],
    ["the scheme in lower case", basic("alice:secret").replace("Basic", "basic"), none, "secret"],
    ["a header and a parameter", basic("alice:secret"), parameters, "secret"],
    ["a header of another account and a parameter", basic("bob:secret"), parameters, undefined],
    ["a username in another case", basic("Alice:secret"), none, undefined],
    ["an empty password", basic("alice:"), parameters, undefined],
    ["two spaces after Basic", basic("alice:secret").replace(" ", "  "), parameters, "parameter"],
    ["nothing after Basic", "Basic ", parameters, "parameter"],
    ["Bearer", "Bearer secret", parameters, "parameter"],
    ["no header", "", parameters, "parameter"],
    ["an empty parameter", "", new Map([["api_key", ""]]), undefined],
    ["nothing", "", none, undefined]
  ]
  for (const [name, header, given, expected] of cases) {
    it(`the token of a request with ${name} is ${expected ?? "missing"}`, () =>
      assert.strictEqual(token(header, "alice", given), expected))
  }

  it("a list is not accepted as the token of a request", () =>
    assert.isUndefined(token("", "alice", new Map([["api_key", ["parameter"]]]))))
})

const of = (host: string, userDomain?: string, parameter?: string) =>
  addressedUsername({
    host,
    userDomain,
    parameters: new Map(parameter === undefined ? [] : [["user_domain", parameter]]),
    sessionDomain: ".carto.com"
  })

describe("the account of a request", () => {
  it("the account of a request comes from the path, else from a parameter, else from the host", () => {
    assert.strictEqual(of("alice.carto.com"), "alice")
    assert.strictEqual(of("alice.carto.com", undefined, "bob"), "bob")
    assert.strictEqual(of("alice.carto.com", "eve", "bob"), "eve")
    assert.strictEqual(of("127.0.0.1"), "127")
    assert.strictEqual(of("localhost"), "")
    assert.strictEqual(of("[::1]"), "")
    assert.strictEqual(of("alice.localhost"), "alice")
    assert.strictEqual(of("alice.carto.example"), "alice")
  })
})
