import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { parseForm, readBody } from "../../../src/emulator/sql-api/parameters.ts"
import * as QueryParameters from "../../../src/emulator/sql-api/query/queryParameters.ts"

const post = (body: BodyInit, type?: string): Request =>
  new Request("http://acme.carto.test/api/v2/sql", {
    method: "POST",
    body,
    ...(type === undefined ? {} : { headers: { "Content-Type": type } })
  })

describe("parseForm", () => {
  it("parseForm makes lists of repeated names", () => {
    assert.deepEqual(parseForm("?a=1&b=2&a=3&c[]=4&d=%F1&e"), {
      a: ["1", "3"],
      b: "2",
      c: ["4"],
      d: "%F1",
      e: ""
    })
  })
  it("parseForm keeps wrongly encoded text as it is, and reads brackets", () => {
    assert.deepEqual(parseForm("a=x+%20'%'&b=%E9&&=1&c[d]=1&c[e]=2&f[1]=g&f=h&i[=j&k=l=m"), {
      a: "x %20'%'",
      b: "%E9",
      c: [{ d: "1" }, { e: "2" }],
      f: ["g", "h"],
      "i[": "j",
      k: "l=m"
    })
    assert.strictEqual(Object.keys(parseForm(Array.from({ length: 2000 }, (_, n) => `p${n}=1`).join("&"))).length, 1000)
  })
  it("parseForm accepts names of object members such as __proto__", () => {
    assert.deepEqual(Object.entries(parseForm("__proto__=1&constructor=2")), [
      ["__proto__", "1"],
      ["constructor", "2"]
    ])
  })
})

describe("readBody", () => {
  it.effect("readBody reads forms, JSON and multipart forms, and ignores other types", () =>
    Effect.gen(function* () {
      assert.deepEqual(yield* readBody(post("q=a+b", "application/x-www-form-urlencoded")), { q: "a b" })
      assert.deepEqual(yield* readBody(post('{"q":["x"]}', "application/json; charset=utf-8")), { q: ["x"] })
      assert.deepEqual(yield* readBody(post("", "application/json")), {})
      assert.deepEqual(yield* readBody(post("[1]", "application/json")), {})
      assert.deepEqual(yield* readBody(post("q=1", "text/plain")), {})
      assert.deepEqual(yield* readBody(post("{}", "APPLICATION/JSON")), {})
      const form = new FormData()
      form.append("q", "select 1")
      assert.deepEqual(yield* readBody(post(form)), { q: "select 1" })
    })
  )
  it.effect("readBody refuses invalid JSON and files", () =>
    Effect.gen(function* () {
      const json = yield* Effect.flip(readBody(post('{"q": "select 1"', "application/json")))
      assert.strictEqual(json.message, "Unexpected end of JSON input")
      const form = new FormData()
      form.append("q", new Blob(["x"]), "x.sql")
      const file = yield* Effect.flip(readBody(post(form)))
      assert.strictEqual(file.message, "Unexpected field")
    })
  )
})

describe("QueryParameters", () => {
  const formats = new Set(["json", "csv"])
  const parse = (query: string) => QueryParameters.parse(parseForm(query), formats)

  it.effect("QueryParameters has defaults", () =>
    Effect.gen(function* () {
      const parameters = yield* parse("q=")
      assert.deepEqual(parameters, {
        sql: "",
        format: "json",
        filename: "cartodb-query",
        attachment: false,
        paging: { orderBy: undefined, sortOrder: undefined },
        skipFields: new Set<string>(),
        decimals: "6",
        callback: undefined,
        persist: false
      })
    })
  )
  it.effect("QueryParameters reads every parameter", () =>
    Effect.gen(function* () {
      const parameters = yield* parse(
        "q=x&format=json&format=csv&filename=a/my+file;(x).tar.gz&rows_per_page=3x&page=2&order_by=a&sort_order=asc" +
          "&skipfields=a,b&skipfields=+c&dp=2&dp=1&callback=cb&callback=cc&cache_policy=persist"
      )
      assert.deepEqual(parameters, {
        sql: "x",
        format: "csv",
        filename: "my_file__x_.tar",
        attachment: true,
        paging: { limit: 3, offset: 6, orderBy: "a", sortOrder: "asc" },
        skipFields: new Set(["a", "b", " c"]),
        decimals: "2,1",
        callback: "cb,cc",
        persist: true
      })
    })
  )
  it.effect("QueryParameters pages only if page and rows_per_page are given", () =>
    Effect.gen(function* () {
      for (const query of ["rows_per_page=3", "page=1", "rows_per_page=a&page=1", "rows_per_page=3&page="]) {
        const { paging } = yield* parse(`q=x&${query}`)
        assert.isUndefined(paging.limit)
      }
    })
  )
  const refusals: ReadonlyArray<readonly [string, string]> = [
    ["", "You must indicate a sql query"],
    ["q=1&q=2", "You must indicate a sql query"],
    ["query=1", "You must indicate a sql query"],
    ["format=nope", "You must indicate a sql query"],
    ["q=1&format=NoPe", "Invalid format: nope"],
    ["q=1&format=json&format=CSV", "Invalid format: CSV"],
    ["q=1&format=json&format=", "Invalid format: "],
    ["q=1&filename=a&filename=b", 'The "path" argument must be of type string. Received an instance of Array']
  ]
  for (const [query, message] of refusals) {
    it.effect(`QueryParameters refuses ${JSON.stringify(query)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(parse(query))
        assert.deepEqual([error.status, error.message], [400, message])
      })
    )
  }
})
