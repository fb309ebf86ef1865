/** Mistakes in the options of `connect`: the error of the first call says what to do. */
import { assert, describe, it } from "@effect/vitest"
import { connect, isCartoError } from "../../src/promise/index.ts"
import { json, result, scriptedFetch } from "../support/scriptedFetch.ts"

const account = { username: "alice", apiKey: "a" }

/** Options as JavaScript allows them, and what the message must have. */
const mistakes: ReadonlyArray<readonly [what: string, options: object, ...words: ReadonlyArray<string>]> = [
  ["no options", {}, "connect: baseUrl is undefined", "https://alice.carto.com", "username"],
  ["no account", { apiKey: "a", baseUrl: undefined }, "connect: baseUrl is undefined", "https://alice.carto.com"],
  ["no key", { ...account, apiKey: undefined }, "connect: apiKey is undefined", "token"],
  ["an empty key", { ...account, apiKey: "" }, "connect: apiKey is an empty string", "defaultPublic"],
  ["a blank key", { ...account, apiKey: " " }, "connect: apiKey is a blank string"],
  ["a key with a line feed", { ...account, apiKey: "a\n" }, "connect: apiKey is a string of 2", "without white space"],
  ["a number as key", { ...account, apiKey: 5 }, "connect: apiKey is 5", "token"],
  ["a timeout that is not a duration", { ...account, timeout: "5s" }, 'connect: timeout is "5s"', '"30 seconds"'],
  ["NaN as timeout", { ...account, timeout: Number.NaN }, "connect: timeout is NaN", '"30 seconds"'],
  ["a negative timeout", { ...account, timeout: -1 }, "connect: timeout is"],
  ["a stall timeout that is not a duration", { ...account, stallTimeout: "soon" }, "connect: stallTimeout is"],
  ["a URL without a scheme", { apiKey: "a", baseUrl: "alice.carto.com" }, "connect: baseUrl is", "https://"],
  ["http", { apiKey: "a", baseUrl: "http://alice.carto.com" }, "connect: baseUrl is", "allowInsecureHttp"],
  ["a username in capitals", { ...account, username: "Alice" }, "connect: username is"],
  ["a fetch that is not a function", { ...account, fetch: "x" }, "connect: fetch is", "function"]
]

const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

describe("a call rejects with InvalidInput, and sends nothing, if connect gets", () => {
  for (const [what, options, ...words] of mistakes) {
    it(`${what}`, async () => {
      const { asked, fetch } = scriptedFetch(json(result()))
      const carto: ReturnType<typeof connect> = Reflect.apply(connect, undefined, [{ fetch, ...options }])
      const error = await rejectionOf(carto.keys.whoami())
      assert.isTrue(isCartoError(error, "InvalidInput"), String(error))
      for (const word of words) assert.include(String(error), word)
      assert.notMatch(String(error), /Redacted|Auth\.|Effect|layer/)
      assert.deepStrictEqual(asked, [])
    })
  }
})

describe("a call rejects with CredentialsUnavailable if the function apiKey", () => {
  const cases: ReadonlyArray<readonly [what: string, apiKey: () => unknown, cause: string]> = [
    ["throws", () => assert.fail("the vault is sealed"), "the vault is sealed"],
    ["rejects", () => Promise.reject(new Error("the vault is sealed")), "the vault is sealed"],
    ["returns nothing", () => undefined, "apiKey is undefined"],
    ["returns an object", () => ({}), "apiKey is an object"]
  ]
  for (const [what, apiKey, cause] of cases) {
    it(`${what}, and the cause says so`, async () => {
      const carto: ReturnType<typeof connect> = Reflect.apply(connect, undefined, [{ ...account, apiKey }])
      const error = await rejectionOf(carto.keys.whoami())
      if (!isCartoError(error, "CredentialsUnavailable")) return assert.fail(String(error))
      assert.include(String(error.reason.cause), cause)
    })
  }
})

describe("close", () => {
  it("needs no `await using`, and is the same as disposing of the client", async () => {
    const { fetch } = scriptedFetch(json(result()))
    for (const end of ["close", "dispose"] as const) {
      const carto = connect({ ...account, fetch })
      await (end === "close" ? carto.close() : carto[Symbol.asyncDispose]())
      assert.deepInclude(await rejectionOf(carto.keys.whoami()), { name: "AbortError" })
    }
  })

  it("can be called twice", async () => {
    const carto = connect(account)
    await carto.close()
    await carto.close()
  })
})
