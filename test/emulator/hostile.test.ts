/** Harmful requests over HTTP. After each request, another key is served and its data is unchanged. */
import { assert, describe, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import { type IncomingMessage, request as httpRequest } from "node:http"
import { connect, type Socket } from "node:net"
import { gzipSync } from "node:zlib"
import { Emulator, listen } from "../../src/emulator/index.ts"

interface Target {
  readonly port: number
  /** Of an account whose statements end after 10 ms. */
  readonly attackerKey: string
  /** Of an attacker whose statements have no limit. */
  readonly patientKey: string
  readonly victimKey: string
}

class Server extends Context.Service<Server, Target>()("test/Server") {
  static readonly layer = Layer.effect(
    Server,
    Effect.gen(function* () {
      const emulator = yield* Emulator
      const { port } = yield* listen(emulator)
      const key = (username: string) => {
        const account = emulator.account(username)
        return account === undefined ? "" : Redacted.value(account.masterKey)
      }
      yield* emulator.execute("victim", "CREATE TABLE kept AS SELECT 'untouched' AS value")
      yield* emulator.execute("attacker", "CREATE TABLE loaded (a text)")
      yield* emulator.execute("attacker", "ALTER ROLE CURRENT_USER SET statement_timeout = 10")
      return { port, attackerKey: key("attacker"), patientKey: key("patient"), victimKey: key("victim") }
    })
  ).pipe(
    Layer.provide(
      Emulator.layer({
        accounts: [{ username: "attacker" }, { username: "victim" }, { username: "patient" }],
        postgis: false
      })
    ),
    Layer.orDie
  )
}

interface Answer {
  readonly status: number
  readonly text: string
}

type Send = (target: Target) => Promise<Answer>

const text = async (message: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

/** Stands for a body that the server stopped reading: it says 413 and closes, which the client may see first. */
const TOO_LARGE = 413

/** Sends a request as it is given: nothing of the path or the host is put right. `write` may send a body of any kind. */
const send = (
  target: Target,
  options: {
    readonly path: string
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string | Uint8Array
    readonly endless?: Uint8Array
  }
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const {
      body,
      endless,
      headers = {},
      method = body === undefined && endless === undefined ? "GET" : "POST"
    } = options
    const outgoing = httpRequest(
      { host: "127.0.0.1", port: target.port, path: options.path, method, headers, agent: false },
      (incoming) => {
        resolve(
          text(incoming).then(
            (text) => ({ status: incoming.statusCode ?? 0, text }),
            () => ({ status: incoming.statusCode ?? 0, text: "" })
          )
        )
      }
    )
    // The server closes while more is being sent, and the answer may be lost with that.
    outgoing.on("error", (error) => (endless === undefined ? reject(error) : resolve({ status: TOO_LARGE, text: "" })))
    if (endless === undefined) outgoing.end(body)
    else {
      const more = (): void => {
        while (!outgoing.destroyed && outgoing.write(endless));
        if (!outgoing.destroyed) outgoing.once("drain", more)
      }
      more()
    }
  })

/** Sends bytes that need not be HTTP, and says what comes until the server closes, or `enough` has come. */
const raw = async ({ port }: Target, bytes: string, enough: RegExp = /\r\n\r\n/): Promise<string> => {
  const socket = connect(port, "127.0.0.1")
  let received = ""
  socket.setEncoding("latin1")
  socket.write(bytes)
  await new Promise<void>((resolve) => {
    socket.on("data", (piece: string) => {
      received += piece
      if (enough.test(received)) resolve()
    })
    socket.on("close", () => resolve())
    socket.on("error", () => resolve())
  })
  socket.destroy()
  return received
}

const json = { "content-type": "application/json" }
const form = { "content-type": "application/x-www-form-urlencoded" }

const query = (sql: string, key: string): string => `q=${encodeURIComponent(sql)}&api_key=${key}`

const attackerQuery =
  (sql: string): Send =>
  (target) =>
    send(target, {
      path: "/user/attacker/api/v2/sql",
      body: query(sql, target.attackerKey),
      headers: form
    })

const patientQuery =
  (sql: string): Send =>
  (target) =>
    send(target, { path: "/user/patient/api/v2/sql", body: query(sql, target.patientKey), headers: form })

const untouched = (target: Target) =>
  Effect.gen(function* () {
    const path = `/user/victim/api/v2/sql?${query("SELECT value FROM kept", target.victimKey)}`
    const answer = yield* Effect.promise(() => send(target, { path }))
    assert.strictEqual(answer.status, 200, answer.text)
    assert.deepStrictEqual(JSON.parse(answer.text).rows, [{ value: "untouched" }])
    const own = yield* Effect.promise(() => attackerQuery("SELECT 1 AS one")(target))
    assert.strictEqual(own.status, 200, own.text)
  })

const multipart = { "content-type": "multipart/form-data; boundary=x" }
const megabytes = (count: number): Uint8Array => new Uint8Array(count * 1024 * 1024).fill(0x61)

const sixteenMegabytes = gzipSync(megabytes(16))

const copyfrom =
  (body: () => Uint8Array): Send =>
  (target) =>
    send(target, {
      path: `/user/attacker/api/v2/sql/copyfrom?${query("COPY loaded FROM STDIN", target.attackerKey)}`,
      headers: { "content-encoding": "gzip" },
      body: body()
    })

/** By what is attacked: the attack, the status of its response, and what the response says. */
const attacks: Readonly<
  Record<string, ReadonlyArray<readonly [name: string, status: number, attack: Send, says?: string]>>
> = {
  "a host that is not this machine": [
    ...[
      "evil.example",
      "127.0.0.1.evil.example",
      "evil.example:80",
      "localhost.evil.example",
      "carto.com.evil.example"
    ].map(
      (host) =>
        [
          host,
          421,
          (target: Target) => send(target, { path: "/user/victim/api/v2/sql?q=select+1", headers: { host } })
        ] as const
    ),
    ["no URL", 400, (target) => send(target, { path: "/user/victim/api/v2/sql?q=select+1", headers: { host: "a b" } })],
    [
      "in the request line",
      421,
      (target) => send(target, { path: "http://evil.example/user/victim/api/v2/sql?q=select+1" })
    ]
  ],
  "a page of another site": [
    ...(
      [
        ["an image", 403, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
        ["a link", 403, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }],
        ["an image in an old browser", 403, { referer: "https://evil.example/page" }],
        ["fetch", 403, { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
        ["fetch in an old browser", 403, { origin: "https://evil.example" }],
        ["a frame without an origin", 403, { origin: "null" }],
        ["a name that looks like this machine", 403, { origin: "http://localhost.evil.example" }],
        ["an address typed by hand", 200, { "sec-fetch-site": "none" }],
        ["a page of this machine", 200, { origin: "http://localhost:3000", "sec-fetch-site": "cross-site" }],
        ["a page of the emulator", 200, { "sec-fetch-site": "same-origin" }]
      ] as const
    ).map(
      ([name, status, headers]) =>
        [
          name,
          status,
          (target: Target) => send(target, { path: "/user/attacker/api/v2/sql?q=select+1", headers })
        ] as const
    ),
    [
      "a form",
      403,
      (target) =>
        send(target, {
          path: "/user/attacker/api/v2/sql",
          body: "q=select+1",
          headers: { ...form, origin: "https://evil.example", "sec-fetch-site": "cross-site" }
        })
    ],
    [
      "a form, for the Auth API",
      403,
      (target) =>
        send(target, {
          path: "/user/attacker/api/v3/api_keys",
          body: "name=x",
          headers: { ...form, origin: "https://evil.example" }
        })
    ]
  ],
  "a path": [
    ...(
      [
        ["/user/attacker/../victim/api/v2/sql", 401],
        ["/user/attacker/%2e%2e/victim/api/v2/sql", 401],
        ["/user/attacker%2f..%2fvictim/api/v2/sql", 404],
        ["/user/victim%00/api/v2/sql", 404],
        ["/user/attacker/api/v2/sql/../../../victim/api/v2/sql", 404],
        ["//user/victim/api/v2/sql", 404],
        ["/user/attacker/user/victim/api/v2/sql", 401],
        ["/user/attacker/u/victim/api/v2/sql", 401],
        ["/user/%/api/v2/sql", 404],
        ["/user/__proto__/api/v2/sql", 404],
        ["/user/constructor/api/v2/sql", 404],
        ["/user/attacker\\..\\victim/api/v2/sql", 401]
      ] as const
    ).map(
      ([path, status]) =>
        [
          path,
          status,
          (target: Target) => send(target, { path: `${path}?${query("SELECT value FROM kept", target.attackerKey)}` })
        ] as const
    ),
    ["/etc/passwd", 404, (target) => send(target, { path: "/../../../../etc/passwd" })],
    ["/etc/passwd, percent-encoded", 404, (target) => send(target, { path: "/%2e%2e/%2e%2e/etc/passwd" })],
    [
      "a key's name that climbs",
      401,
      (target) => send(target, { path: "/user/attacker/api/v3/api_keys/..%2f..%2fvictim" })
    ],
    ["longer than any", 431, (target) => send(target, { path: `/${"a".repeat(100_000)}` })]
  ],
  "a body": [
    [
      "larger than any",
      413,
      (target) => send(target, { path: "/user/attacker/api/v2/sql", headers: json, body: megabytes(33) })
    ],
    [
      "endless",
      TOO_LARGE,
      (target) => send(target, { path: "/user/attacker/api/v2/sql", headers: form, endless: megabytes(1) })
    ],
    [
      "endless, for the Auth API",
      TOO_LARGE,
      (target) => send(target, { path: "/user/attacker/api/v3/api_keys", headers: json, endless: megabytes(1) })
    ],
    [
      "a form of endless parts",
      TOO_LARGE,
      (target) =>
        send(target, {
          path: "/user/attacker/api/v2/sql",
          headers: multipart,
          endless: Buffer.from('--x\r\nContent-Disposition: form-data; name="q"\r\n\r\nx\r\n'.repeat(20_000))
        })
    ],
    [
      "a form of many parts",
      400,
      (target) =>
        send(target, {
          path: "/user/attacker/api/v2/sql",
          headers: multipart,
          body: '--x\r\nContent-Disposition: form-data; name="q"\r\n\r\nx\r\n'.repeat(20_000)
        })
    ],
    [
      "lists in lists, for SQL",
      400,
      (target) => send(target, { path: "/user/attacker/api/v2/sql", headers: json, body: "[".repeat(1_000_000) })
    ],
    [
      "lists in lists, as a job",
      400,
      (target) =>
        send(target, {
          path: `/user/attacker/api/v2/sql/job?api_key=${target.attackerKey}`,
          headers: json,
          body: `{"query":${"[".repeat(100_000)}${"]".repeat(100_000)}}`
        })
    ],
    [
      "lists in lists, for the Auth API",
      400,
      (target) =>
        send(target, {
          path: `/user/attacker/api/v3/api_keys?api_key=${target.attackerKey}`,
          headers: json,
          body: `{"name":"x","grants":${"[".repeat(100_000)}${"]".repeat(100_000)}}`
        })
    ],
    [
      "names in names",
      400,
      (target) =>
        send(target, { path: "/user/attacker/api/v3/api_keys", headers: form, body: `a${"[b]".repeat(100_000)}=1` })
    ],
    [
      "a prototype",
      400,
      (target) =>
        send(target, {
          path: "/user/attacker/api/v2/sql",
          headers: json,
          body: `{"__proto__":{"q":"SELECT 1","api_key":"${target.attackerKey}"}}`
        })
    ],
    [
      "that becomes a thousand times larger",
      400,
      copyfrom(() => Buffer.concat(Array.from({ length: 20 }, () => sixteenMegabytes)))
    ],
    ["gzip in gzip", 400, copyfrom(() => gzipSync(sixteenMegabytes))],
    ["no gzip", 400, copyfrom(() => megabytes(1))]
  ],
  "a statement": [
    ["without end", 429, attackerQuery("DO $$ BEGIN LOOP END LOOP; END $$")],
    ["that sleeps", 429, attackerQuery("SELECT pg_sleep(3600)")],
    [
      "with a response larger than any",
      200,
      patientQuery("SELECT repeat('x', 1000000) FROM generate_series(1, 300)"),
      "the response is larger than 128 MB"
    ],
    [
      "with more rows than any",
      200,
      patientQuery("SELECT i FROM generate_series(1, 5000000) i"),
      "the response is larger than 128 MB"
    ],
    [
      "that calls itself",
      400,
      patientQuery(
        "CREATE OR REPLACE FUNCTION again(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN again($1 + 1); END'; SELECT again(1)"
      ),
      "stack depth limit exceeded"
    ],
    ["nested deeper than any", 400, attackerQuery(`SELECT ${"(".repeat(100_000)}1${")".repeat(100_000)}`)],
    ["that fills a stack", 400, patientQuery("SELECT repeat('[', 1000000)::json"), "stack depth limit exceeded"],
    [
      "that fills the memory",
      400,
      patientQuery("SELECT array_agg(repeat('x', 100000000) || i) FROM generate_series(1, 100) i"),
      "out of memory"
    ],
    // a slow machine reports the timeout after the status
    ["of many statements", 200, attackerQuery("SELECT 1;".repeat(100_000))],
    ["that ends the server process", 400, attackerQuery("SET exit_on_error = on; SELECT 1/0")]
  ]
}

layer(Server.layer, { timeout: "60 seconds", excludeTestServices: true })("an emulator that listens", (it) => {
  for (const [kind, cases] of Object.entries(attacks)) {
    describe(`survives ${kind}`, () => {
      it.effect.each(cases.map(([name, status, attack, says]) => ({ name, status, attack, says })))(
        `a listening emulator survives ${kind}: $name`,
        ({ attack, says, status }) =>
          Effect.gen(function* () {
            const target = yield* Server
            const answer = yield* Effect.promise(() => attack(target))
            assert.notInclude(answer.text, "untouched")
            assert.strictEqual(answer.status, status, answer.text.slice(0, 500))
            if (says !== undefined) assert.include(answer.text, says)
            yield* untouched(target)
          })
      )
    })
  }

  it.effect("a listening emulator serves the names of its machine and CARTO's hosts", () =>
    Effect.gen(function* () {
      const target = yield* Server
      const path = "/user/victim/api/v2/sql?q=select+1"
      for (const host of [
        "localhost",
        `LOCALHOST:${target.port}`,
        "127.0.0.1",
        "127.0.0.2:1",
        "[::1]:80",
        "a.localhost",
        "victim.carto.com"
      ]) {
        const answer = yield* Effect.promise(() => send(target, { path, headers: { host } }))
        assert.strictEqual(answer.status, 200, host)
      }
    })
  )

  it.effect("a listening emulator refuses bytes that are not HTTP", () =>
    Effect.gen(function* () {
      const target = yield* Server
      const nonsense = [
        "GET /user/victim/api/v2/sql?q=select+1 HTTP/1.1\r\n\r\n",
        "GET /user/victim/api/v2/sql?q=select+1 HTTP/1.1\r\nHost: \r\n\r\n",
        "\0\0\0\x08\x04\xd2\x16\x2f",
        "POST /user/attacker/api/v2/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /user/attacker/api/v2/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nq=1",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(100_000)}\r\n\r\n`
      ]
      for (const bytes of nonsense) {
        const answer = yield* Effect.promise(() => raw(target, bytes))
        assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/, bytes.slice(0, 60))
      }
      yield* untouched(target)
    })
  )

  it.effect("a listening emulator serves other clients during hundreds of unfinished requests", () =>
    Effect.gen(function* () {
      const target = yield* Server
      const sockets = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const sockets: Array<Socket> = Array.from({ length: 500 }, () => connect(target.port, "127.0.0.1"))
          await Promise.all(sockets.map((socket) => once(socket, "connect")))
          for (const socket of sockets) {
            socket.write(
              "POST /user/attacker/api/v2/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nq=sel"
            )
          }
          return sockets
        }),
        (sockets) => Effect.sync(() => sockets.forEach((socket) => socket.destroy()))
      )
      assert.strictEqual(sockets.length, 500)
      yield* untouched(target)
    })
  )
})
