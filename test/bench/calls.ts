/** Single queries: this library, CARTO's earlier clients and `fetch`, side by side. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { createRequire } from "node:module"
import { join } from "node:path"
import process from "node:process"
import { Carto, Sql, sql } from "../../src/index.ts"
import { connect } from "../../src/promise/index.ts"
import * as Node from "../../src/runtime/node.ts"
import { networkVariables, run } from "../runtimes/commands.ts"
import { less, type Report } from "./frame/Report.ts"
import { startServer } from "./startServer.ts"
import { answers } from "./workload.ts"

/** Runs one query and returns the number of its rows. */
type Call = (table: string) => Promise<number>

const rounds = 7
/** The calls of every client in each round. */
const calls = { one_row: 100, thousand_rows: 30 } as const
const apiKey = "0123456789abcdef0123456789abcdef01234567"
const old = { cartodb: "0.5.1", "@carto/toolkit-sql": "0.0.1-rc.18" } as const

const overFetch =
  (baseUrl: string): Call =>
  async (table) => {
    const response = await fetch(`${baseUrl}/api/v2/sql`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`demo:${apiKey}`)}` },
      body: new URLSearchParams({ q: `SELECT * FROM ${table}` })
    })
    return JSON.parse(await response.text()).rows.length
  }

const query = (table: string) => Sql.use((db) => db.query(sql`SELECT * FROM ${sql.identifier(table)}`))

const overEffect = (services: Layer.Layer<Carto.CartoServices, unknown>) =>
  Effect.acquireRelease(
    Effect.sync(() => ManagedRuntime.make(services)),
    (runtime) => runtime.disposeEffect
  ).pipe(
    Effect.map(
      (runtime): Call =>
        async (table) =>
          (await runtime.runPromise(query(table))).rows.length
    )
  )

const overPromises = (baseUrl: string) =>
  Effect.acquireRelease(
    Effect.sync(() => connect({ baseUrl, apiKey })),
    (carto) => Effect.promise(async () => await carto[Symbol.asyncDispose]())
  ).pipe(
    Effect.map(
      (carto): Call =>
        async (table) =>
          (await carto.sql.query(sql`SELECT * FROM ${sql.identifier(table)}`)).rows.length
    )
  )

/** CARTO's earlier clients, installed from npm into a temporary folder; undefined if the installation fails. */
const installOld = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "effect-carto-bench-" })
  yield* files.writeFileString(join(folder, "package.json"), JSON.stringify({ private: true, dependencies: old }))
  const { HOME = folder, PATH = "" } = process.env
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-timeout=20000", "--fetch-retries=1"]
  const { exitCode, stderr } = yield* run("npm", args, { cwd: folder, env: { ...networkVariables, HOME, PATH } })
  if (exitCode === 0) return createRequire(join(folder, "package.json"))
  yield* Console.error(`CARTO's earlier clients could not be installed and are left out: ${stderr}`)
  return undefined
})

const overOld = (load: NodeJS.Require, baseUrl: string): Readonly<Record<string, Call>> => {
  // the toolkit needs the global of browsers
  Object.assign(globalThis, { window: globalThis })
  const cartodb = new (load("cartodb").SQL)({ user: "demo", api_key: apiKey, sql_api_url: `${baseUrl}/api/v2/sql` })
  const credentials = new (load("@carto/toolkit-core").Credentials)("demo", apiKey, baseUrl)
  const toolkit = new (load("@carto/toolkit-sql").SQL)(credentials)
  return {
    [`cartodb ${old.cartodb}`]: (table) =>
      new Promise((resolve, reject) =>
        cartodb
          .execute(`SELECT * FROM ${table}`)
          .done((found: { readonly rows: ReadonlyArray<unknown> }) => resolve(found.rows.length))
          .error(reject)
      ),
    [`toolkit-sql ${old["@carto/toolkit-sql"]}`]: async (table) =>
      (await toolkit.query(`SELECT * FROM ${table}`)).rows.length
  }
}

/** Microseconds of a call. */
const time = async (call: Call, table: keyof typeof answers): Promise<number> => {
  const started = performance.now()
  for (let count = 0; count < calls[table]; count += 1) {
    const rows = await call(table)
    if (rows !== answers[table]) throw new Error(`${rows} rows instead of ${answers[table]}`)
  }
  return ((performance.now() - started) * 1000) / calls[table]
}

const compare = async (clients: Readonly<Record<string, Call>>, table: keyof typeof answers) => {
  const times = new Map<string, Array<number>>()
  // in turn, so that other load on the machine affects all of them
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, call] of Object.entries(clients)) {
      const taken = await time(call, table)
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), taken])
    }
  }
  return times
}

/** Microseconds a call, for each client and size of result. */
export const bench: Effect.Effect<Report> = Effect.gen(function* () {
  const baseUrl = `http://127.0.0.1:${yield* startServer}/user/demo`
  const load = yield* installOld
  const account = { baseUrl, apiKey: Redacted.make(apiKey) }
  const clients: Readonly<Record<string, Call>> = {
    fetch: overFetch(baseUrl),
    "effect-carto, over fetch": yield* overEffect(Layer.provide(Carto.layer(account), FetchHttpClient.layer)),
    "effect-carto, runtime/node": yield* overEffect(Node.layer(account)),
    "effect-carto/promise": yield* overPromises(baseUrl),
    ...(load === undefined ? {} : overOld(load, baseUrl))
  }
  const one = yield* Effect.promise(() => compare(clients, "one_row"))
  const thousand = yield* Effect.promise(() => compare(clients, "thousand_rows"))
  const rows = Object.keys(clients).map((name) => ({
    name,
    cells: {
      "1 row": less("µs", ...(one.get(name) ?? [])),
      "1,000 rows": less("µs", ...(thousand.get(name) ?? []))
    }
  }))
  return { tables: [{ title: "A query over loopback", baseline: "fetch", rows }], failures: [] }
}).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.orDie)
