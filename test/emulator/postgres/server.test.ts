import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Server from "../../../src/emulator/postgres/server.ts"

const read = (url: string, options?: { readonly allowRemote?: boolean }) =>
  Effect.map(Server.parse(url, options), ({ password, ...server }) => ({
    ...server,
    password: Redacted.value(password)
  }))

describe("the URL of a server", () => {
  const local = {
    host: "localhost",
    port: 5432,
    user: "postgres",
    password: "",
    database: "postgres",
    tls: false as const
  }
  for (const [url, expected] of [
    ["postgres://", local],
    ["postgresql://localhost", local],
    ["postgres://127.0.0.1:6000/other", { ...local, host: "127.0.0.1", port: 6000, database: "other" }],
    ["postgres://u%40:p%3A%2F@[::1]/a%2Fb", { ...local, host: "::1", user: "u@", password: "p:/", database: "a/b" }],
    ["postgres:///x?host=/run/postgresql", { ...local, host: "/run/postgresql", database: "x" }],
    ["postgres://%2Frun%2Fpostgresql/x", { ...local, host: "/run/postgresql", database: "x" }],
    ["postgres://localhost?sslmode=require", { ...local, tls: { rejectUnauthorized: false } }],
    ["postgres://localhost?sslmode=verify-full", { ...local, tls: { rejectUnauthorized: true } }]
  ] as const) {
    it.effect(`the URL of a server is read: ${url}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual<object>(yield* read(url), expected)
      })
    )
  }

  for (const [url, message] of [
    ["canary", /postgres:\/\/USER:PASSWORD@HOST:PORT\/DATABASE/],
    ["mysql://u:canary@localhost/x", /postgres:\/\/USER:PASSWORD@HOST:PORT\/DATABASE/],
    ["postgres://u:canary@localhost:port/x", /postgres:\/\/USER:PASSWORD@HOST:PORT\/DATABASE/],
    ["postgres://u:canary%@localhost/x", /postgres:\/\/USER:PASSWORD@HOST:PORT\/DATABASE/],
    ["postgres://u:canary@localhost?sslmode=some", /sslmode is one of disable, require, verify-full/],
    ["postgres://u:canary@localhost?options=x", /may not have the parameter options/],
    ["postgres://u:canary@db.example/x", /db\.example is another machine/],
    ["postgres://u:canary@localhost/x?host=db.example", /db\.example is another machine/],
    ["postgres://u:canary@127.0.0.1.example/x", /127\.0\.0\.1\.example is another machine/]
  ] as const) {
    it.effect(`a wrong URL of a server is refused, and the error does not show its password: ${url}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(read(url))
        assert.match(error.message, message)
        assert.notInclude(JSON.stringify(error) + error.message, "canary")
      })
    )
  }

  it.effect("the URL of a server may name another machine if that is allowed", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* read("postgres://db.example/x", { allowRemote: true })).host, "db.example")
    })
  )
})
