/** The examples, run as a reader would run them, against an embedded CARTO. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { createServer, type Server } from "node:http"
import { bin, run } from "../runtimes/commands.ts"
import { LocalCarto } from "../runtimes/LocalCarto.ts"
import * as Workerd from "../runtimes/workerd.ts"

const username = "demo"
const get = (url: string) => Effect.promise(() => fetch(url))

const carto = LocalCarto.layer({ accounts: [{ username, samples: true }], postgis: false })

/** What the file's first line asks env(1) to run, with the network narrowed to the server of this test. */
const shebang = Effect.fnUntraced(function* (file: string, address: string) {
  const [line = ""] = (yield* (yield* FileSystem.FileSystem).readFileString(file)).split("\n")
  const args = line.replace("#!/usr/bin/env -S deno ", "").split(" ")
  assert.deepStrictEqual(args, ["run", "--allow-net", "--allow-env=CARTO_BASE_URL,CARTO_USERNAME,CARTO_API_KEY"])
  return args.map((arg) => (arg === "--allow-net" ? `${arg}=${address}` : arg))
})

layer(Layer.mergeAll(carto, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "examples",
  (it) => {
    it.effect("deno/keys.ts mints, lists, rotates and revokes, with no other permission than its first line says", () =>
      Effect.gen(function* () {
        const { address, environment } = yield* LocalCarto
        const args = yield* shebang("examples/deno/keys.ts", address)
        const keys = (...words: ReadonlyArray<string>) =>
          run(bin("deno"), [...args, "--no-prompt", "examples/deno/keys.ts", ...words], { env: environment(username) })
        const succeed = (...words: ReadonlyArray<string>) =>
          Effect.map(keys(...words), ({ exitCode, stderr, stdout }) => {
            assert.deepStrictEqual([exitCode, stderr], [0, ""])
            return stdout
          })

        const token = yield* succeed("mint", "map", "tornadoes")
        assert.match(token, /^[\w-]{20,}\n$/)
        assert.strictEqual(
          yield* succeed("list"),
          "master\tMaster\tsql+maps\ndefault\tDefault public\tsql+maps\nregular\tmap\tsql\tselect public.tornadoes\n"
        )
        const next = yield* succeed("rotate", "map")
        assert.match(next, /^[\w-]{20,}\n$/)
        assert.notStrictEqual(next, token)

        const asMap = { ...environment(username), CARTO_API_KEY: next.trim() }
        const refused = yield* run(bin("deno"), [...args, "examples/deno/keys.ts", "mint", "other", "tornadoes"], {
          env: asMap
        })
        assert.strictEqual(refused.exitCode, 1)
        assert.match(refused.stderr, /^CARTO_API_KEY is not the master key/)

        assert.strictEqual(yield* succeed("revoke", "map"), "")
        const gone = yield* keys("revoke", "map")
        assert.strictEqual(gone.exitCode, 1)
        assert.match(gone.stderr, /no API key is named "map"/)
        assert.strictEqual((yield* keys("destroy")).stderr.split(":")[0], "usage")
      })
    )

    it.effect("node/pipeline.ts reads each table under its own key and leaves no key behind", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const pipeline = yield* run(
          bin("node"),
          [
            "--conditions=@effect-carto/source",
            "examples/node/pipeline.ts",
            "tornadoes",
            "no_such_table",
            "storm_reports"
          ],
          { env: environment(username) }
        )
        assert.strictEqual(pipeline.stderr, "")
        const lines = pipeline.stdout.trimEnd().split("\n").toSorted()
        assert.match(lines[0] ?? "", /^no_such_table: left out, the account cannot grant /)
        assert.match(lines[1] ?? "", /^storm_reports: [1-9]\d* rows$/)
        assert.match(lines[2] ?? "", /^tornadoes: [1-9]\d* rows$/)
        assert.strictEqual(lines.length, 3)
        assert.strictEqual(pipeline.exitCode, 0)
        assert.deepStrictEqual(yield* regularKeys, [])
      })
    )

    it.effect("circuit-breaker.ts leaves a server alone that is down, and finds out when it is back", () =>
      Effect.gen(function* () {
        const { baseUrl, requests } = yield* outage(1, 3)
        const watched = yield* run(
          bin("node"),
          ["--conditions=@effect-carto/source", "examples/circuit-breaker.ts", "tornadoes", "150", "10"],
          { env: { CARTO_BASE_URL: baseUrl, CARTO_API_KEY: "a-key" } }
        )
        assert.deepStrictEqual([watched.exitCode, watched.stderr], [0, ""])
        const lines = watched.stdout.trimEnd().split("\n")
        assert.strictEqual(lines.length, 150)
        const kinds = lines.map(
          // the first one: a call may be left alone for 503 ms
          (line) => /^tornadoes: .*?(rows|503|left alone).*; last known: 7$/.exec(line)?.[1] ?? line
        )
        assert.deepStrictEqual(
          kinds.filter((kind, at) => kind !== kinds[at - 1]),
          ["rows", "503", "left alone", "rows"]
        )
        assert.strictEqual(requests(), lines.length - kinds.filter((kind) => kind === "left alone").length)
      })
    )

    it.effect("node/keys.ts shows what would change, does it when told to, and then has nothing to do", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-" })
        const file = `${folder}/keys.jsonc`
        const tables = `[{ "name": "tornadoes", "permissions": ["select"] }]`
        yield* files.writeFileString(
          file,
          `{ "prefix": "maps-", "keys": [{ "name": "maps-tiles", "tables": ${tables} }] } // one`
        )
        const command = (...args: ReadonlyArray<string>) =>
          run(bin("node"), ["--conditions=@effect-carto/source", "examples/node/keys.ts", file, ...args], {
            env: environment(username)
          })
        const planned = yield* command()
        assert.deepInclude(planned, { exitCode: 0, stderr: "" })
        // no colours, as this is no terminal
        assert.match(planned.stdout, /^ {2}\+ maps-tiles is created as maps-tiles~1~[0-9a-f]{8}\n/)
        assert.deepStrictEqual(yield* regularKeys, [])
        const applied = yield* command("--apply", `${folder}/tokens`, "--grace", "0")
        assert.deepInclude(applied, { exitCode: 0, stderr: "" })
        assert.match(applied.stdout, /\nApplied: 1 of 1 keys changed\.\n$/)
        const [key] = yield* regularKeys
        assert.strictEqual(yield* files.readFileString(`${folder}/tokens/maps-tiles`), key.token)
        assert.strictEqual((yield* command()).stdout, "Plan: 1 unchanged.\n")
        yield* files.writeFileString(file, `{ "prefix": "maps-", "keys": [{ "name": "maps-tiles", "table": [] }] }`)
        const refused = yield* command()
        assert.strictEqual(refused.exitCode, 1)
        assert.match(refused.stderr, /keys\.0\.table\b/)
        yield* authApi("DELETE", `/${encodeURIComponent(key.name)}`)
      })
    )

    it.effect("worker/index.ts answers with rows under a regular key, and with a status by reason", () =>
      Effect.gen(function* () {
        const { address, environment } = yield* LocalCarto
        const key = yield* authApi("POST", "", {
          name: "worker",
          grants: [
            { type: "apis", apis: ["sql"] },
            {
              type: "database",
              tables: [{ schema: "public", name: "tornadoes", permissions: ["select"] }]
            }
          ]
        })
        const bundle = yield* Workerd.bundle("examples/worker/index.ts")
        const variables = { ...environment(username), CARTO_API_KEY: key.token }
        const url = yield* Workerd.serve({ bundle, variables })

        const year = new Date().getUTCFullYear() - 1
        const found = yield* get(`${url}/?year=${year}`)
        assert.strictEqual(found.status, 200)
        assert.strictEqual(found.headers.get("cache-control"), "public, max-age=300")
        const rows: ReadonlyArray<Record<string, unknown>> = yield* Effect.promise(() => found.json())
        assert.isAbove(rows.length, 3)
        assert.deepStrictEqual(Object.keys(rows[0] ?? {}), ["state", "tornadoes", "strongest"])

        const bad = yield* get(`${url}/?year=2025%20OR%20true`)
        assert.strictEqual(bad.status, 400)

        // the same Worker, with a key that may do nothing, over a service binding
        const wrong = yield* Workerd.serve({
          bundle,
          variables: { CARTO_BASE_URL: variables.CARTO_BASE_URL, CARTO_API_KEY: "default_public" },
          services: { CARTO: address },
          network: false
        })
        const refused = yield* get(`${wrong}/?year=${year}`)
        assert.strictEqual(refused.status, 500)
        assert.strictEqual(refused.headers.get("cache-control"), "no-store")

        const unreachable = yield* Workerd.serve({ bundle, variables, network: false })
        assert.strictEqual((yield* get(`${unreachable}/?year=${year}`)).status, 502)
        yield* authApi("DELETE", "/worker")
      })
    )
  }
)

/** A SQL API that answers 503 for some requests after some others. */
const outage = (after: number, length: number) =>
  Effect.gen(function* () {
    let requests = 0
    const server = yield* Effect.acquireRelease(
      Effect.callback<Server>((resume) => {
        const started = createServer((request, response) => {
          const isDown = requests >= after && requests < after + length
          requests += 1
          request.resume()
          const rows = { rows: [{ rows: "7" }], time: 0.001, fields: { rows: { type: "string" } }, total_rows: 1 }
          response.writeHead(isDown ? 503 : 200, { "content-type": "application/json" })
          response.end(isDown ? "" : JSON.stringify(rows))
        })
        started.listen(0, "127.0.0.1", () => resume(Effect.succeed(started)))
      }),
      (started) =>
        Effect.callback<void>((resume) => {
          started.closeAllConnections()
          started.close(() => resume(Effect.void))
        })
    )
    const address = server.address()
    const port = typeof address === "object" ? address?.port : undefined
    return { baseUrl: `http://127.0.0.1:${port}/user/${username}`, requests: () => requests }
  })

/** One call to the Auth API under the master key, without the client that is on trial. */
const authApi = Effect.fnUntraced(function* (method: string, path: string, body?: unknown) {
  const { environment } = yield* LocalCarto
  const { CARTO_API_KEY, CARTO_BASE_URL } = environment(username)
  return yield* Effect.promise(async () => {
    const response = await fetch(`${CARTO_BASE_URL}/api/v3/api_keys${path}`, {
      method,
      headers: {
        authorization: `Basic ${btoa(`${username}:${CARTO_API_KEY}`)}`,
        ...(body === undefined ? {} : { "content-type": "application/json" })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    assert.isTrue(response.ok, text)
    return text === "" ? {} : JSON.parse(text)
  })
})

const regularKeys = Effect.map(authApi("GET", "?type=regular"), ({ result }) => result)
