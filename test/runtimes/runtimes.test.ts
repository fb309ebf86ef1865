/** One scenario on Node, Deno, Bun and workerd, each in its own process, with the same results. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PlatformError } from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { bin, run } from "./commands.ts"
import { LocalCarto } from "./LocalCarto.ts"
import type { Outcome } from "./outcome.ts"
import * as Workerd from "./workerd.ts"

const usernames = ["node", "deno", "bun", "worker", "binding"]

/** An account each, since the scenario replaces the master key; as one organisation they share a database. */
const accounts = usernames.map((username) => ({
  username,
  organization: { name: "runtimes", role: username === "node" ? ("owner" as const) : ("member" as const) }
}))

const tables = `
  CREATE TABLE storms (name text, year int);
  INSERT INTO storms SELECT 'storm ' || i, date_part('year', now())::int - i % 3 FROM generate_series(1, 12) AS i;
  CREATE TABLE secrets (text text);
  CREATE TABLE copies (name text, year int);
  CREATE TABLE places (name text);
  INSERT INTO places VALUES ('Madrid'), ('Warsaw');
  GRANT SELECT ON places TO publicuser`

const carto = LocalCarto.layer({ accounts, postgis: false }).pipe(
  Layer.tap((context) =>
    Effect.provide(
      LocalCarto.use(({ execute }) => Effect.forEach(usernames, (username) => execute(username, tables))),
      context
    )
  )
)

const expected = {
  whoami: "master",
  master: 4,
  public: { n: 2 },
  "public refused": "PermissionDenied",
  created: ["storms api key", "regular", ["sql", "maps"], [["select"]]],
  "name taken": "ApiKeyNameTaken",
  "unknown table": "GrantNotHeld",
  query: 4,
  "write refused": "PermissionDenied",
  "other table refused": "PermissionDenied",
  "not master": "MasterKeyRequired",
  "sees itself": ["storms api key"],
  values: { text: "O'Brien \\ ☃", number: -1.5, list: [1, 2] },
  copied: 3000,
  streamed: 4_501_500,
  "left a stream": 2,
  "uploads that went wrong": [],
  got: "storms api key",
  listed: ["Master", "Default public", "storms api key"],
  "old token refused": "Unauthenticated",
  "new token": 4,
  services: ["geocoding", "routing", "isolines", "observatory"],
  geocoded: { found: true },
  "geocoding refused": "PermissionDenied",
  "deleted token refused": "Unauthenticated",
  "deleted key": "ApiKeyNotFound",
  "regular keys left": 0,
  "goes on with the new master token": 2,
  "both ways": true
}

/** The report of a command, which must end well and say nothing else. */
const report = (
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
): Effect.Effect<Outcome, PlatformError, ChildProcessSpawner> =>
  Effect.map(run(command, args, { env }), ({ exitCode, stderr, stdout }) => {
    assert.deepStrictEqual([exitCode, stderr], [0, ""], stdout)
    const outcome: Outcome = JSON.parse(stdout)
    return outcome
  })

const assertRuntime = ({ userAgent }: Outcome, name: string, atLeast: number) => {
  const [product, version = ""] = userAgent.split("/")
  assert.strictEqual(product, name)
  assert.isAtLeast(Number.parseInt(version, 10), atLeast)
}

const environmentNames = "--allow-env=CARTO_BASE_URL,CARTO_USERNAME,CARTO_API_KEY"
const denoRun = ["run", "--no-prompt", "--cached-only"]

layer(Layer.mergeAll(carto, NodeServices.layer), { excludeTestServices: true, timeout: "60 seconds" })(
  "the scenario",
  (it) => {
    it.effect("the scenario runs on Node with runtime/node", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const outcome = yield* report(bin("node"), ["test/runtimes/node.ts"], environment("node"))
        assertRuntime(outcome, "Node.js", 24)
        assert.deepStrictEqual(outcome.saw, expected)
      })
    )

    it.effect("the scenario runs on Deno with permissions for the account's host and three variables only", () =>
      Effect.gen(function* () {
        const { address, environment } = yield* LocalCarto
        const args = [...denoRun, `--allow-net=${address}`, environmentNames, "test/runtimes/deno.ts"]
        const outcome = yield* report(bin("deno"), args, environment("deno"))
        assertRuntime(outcome, "Deno", 2)
        assert.deepStrictEqual(outcome.saw, expected)
      })
    )

    it.effect("Deno without --allow-env gives a typed error that names the permission", () =>
      Effect.gen(function* () {
        const { address, environment } = yield* LocalCarto
        const args = [...denoRun, `--allow-net=${address}`, "test/runtimes/deno.ts"]
        const { failed } = yield* report(bin("deno"), args, environment("deno"))
        assert.strictEqual(failed?.reason, "InvalidInput")
        assert.include(failed?.message, environmentNames)
      })
    )

    it.effect("Deno without --allow-net gives a typed error", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const { failed } = yield* report(
          bin("deno"),
          [...denoRun, environmentNames, "test/runtimes/deno.ts"],
          environment("deno")
        )
        assert.strictEqual(failed?.reason, "TransportFailed")
      })
    )

    it.effect("the scenario runs on Bun", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        const outcome = yield* report(bin("bun"), ["test/runtimes/bun.ts"], environment("bun"))
        assertRuntime(outcome, "Bun", 1)
        assert.deepStrictEqual(outcome.saw, expected)
      })
    )

    const inWorker = Effect.fnUntraced(function* (options: Omit<Workerd.WorkerOptions, "bundle">) {
      const bundle = yield* Workerd.bundle("test/runtimes/worker.ts")
      assert.notMatch(bundle.text, /\bimport\b.*["']node:|\beval\(|new Function\(/)
      const url = yield* Workerd.serve({ ...options, bundle })
      const outcome: Outcome = yield* Effect.promise(() => fetch(url).then((response) => response.json()))
      assert.strictEqual(outcome.userAgent, "Cloudflare-Workers")
      assert.deepStrictEqual(outcome.saw, expected)
    })

    it.effect("the scenario runs on workerd with runtime/workers over the global fetch", () =>
      Effect.gen(function* () {
        const { environment } = yield* LocalCarto
        yield* inWorker({ variables: environment("worker") })
      })
    )

    it.effect("the scenario runs on workerd over a service binding without any other network", () =>
      Effect.gen(function* () {
        const { address, environment } = yield* LocalCarto
        const { CARTO_API_KEY } = environment("binding")
        // the binding leads to the server whatever the host: the account's is on the path here
        const variables = { CARTO_API_KEY, CARTO_BASE_URL: "https://carto.test/user/binding" }
        yield* inWorker({ variables, services: { CARTO: address }, network: false })
      })
    )
  }
)
