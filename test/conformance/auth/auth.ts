/** The conformance cases of the Auth API. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Agent } from "node:http"
import { readFile } from "node:fs/promises"
import { Accounts } from "../../../src/emulator/accounts/accounts.ts"
import { ApiKeys } from "../../../src/emulator/accounts/keys/apiKeys.ts"
import { Databases } from "../../../src/emulator/database.ts"
import { type EmulatorService, layerParts, makeFromParts, type Parts } from "../../../src/emulator/emulator.ts"
import { KeyStore } from "../../../src/emulator/state/keyStore.ts"
import { listen } from "../../../src/emulator/http/listen.ts"
import * as TestDatabases from "../../support/databases.ts"
import { type Case, decodeCase, type Exchange, type Expect, type Request, type Statements } from "./case.ts"
import { sqlProblems } from "./checkSql.ts"
import { type Bindings, expand, expandJson } from "./expand.ts"
import { arrange, publishTables, runStatements } from "./fixture.ts"
import { type Answer, exchange, makeAgent } from "./http.ts"
import { equalityProblems, shapeProblems } from "./match.ts"
import { clientProblems } from "../clientAnswer.ts"
import { DatabasePool } from "../databasePool.ts"
import type { Suite } from "../summary.ts"

interface Server {
  readonly port: number
  readonly agent: Agent
  /** Lets an emulator answer from now on. */
  readonly use: (emulator: EmulatorService) => void
}

const parseBody = (text: string): Schema.Json | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const usernames: ReadonlyArray<string> = ["alice", "bob", "olga", "adam", "mary", "max", "eve"]

const must = <A>(value: A | undefined, what: string): A => {
  if (value === undefined) throw new Error(`there is no ${what}`)
  return value
}

/** What placeholders mean: tokens as they are now, roles as they are when they are asked for. */
const bind = Effect.fnUntraced(function* (addressed: string) {
  const accounts = yield* Accounts
  const apiKeys = yield* ApiKeys
  const given = new Map(usernames.map((username) => [username, apiKeys.list(username)]))
  const split = (key: string): readonly [string, string] => {
    const separator = key.indexOf("/")
    const username = key.slice(0, Math.max(0, separator))
    return given.has(username) ? [username, key.slice(separator + 1)] : [addressed, key]
  }
  const responses: Array<Schema.Json | undefined> = []
  const bindings: Bindings = {
    master: (username = addressed) =>
      must(
        given.get(username)?.find(({ type }) => type === "master"),
        `account ${username}`
      ).token,
    token: (key) => {
      const [username, name] = split(key)
      return must(
        given.get(username)?.find((row) => row.name === name),
        `key ${key}`
      ).token
    },
    role: (key) => {
      const [username, name] = split(key)
      const rows = [...apiKeys.list(username), ...(given.get(username) ?? [])]
      return must(
        rows.find((row) => row.name === name),
        `key ${key}`
      ).databaseRole
    },
    accountRole: () => must(accounts.find(addressed), `account ${addressed}`).role,
    responses
  }
  return { bindings, remember: (body: Schema.Json | undefined) => void responses.push(body) }
})

const sendRequest = (
  server: Server,
  request: Request,
  bindings: Bindings,
  byDefault: string,
  cookie: string | undefined
) => {
  const user = request.user ?? byDefault
  const [scheme, token] = [/^(basic|query):/.exec(request.auth ?? "")?.[1], request.auth?.replace(/^\w+:/, "") ?? ""]
  const credential = expand(token, bindings)
  const path = expand(request.path, bindings)
  const query = `${path.includes("?") ? "&" : "?"}api_key=${encodeURIComponent(credential)}`
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [name, expand(value, bindings)] as const)
  const body = request.body === undefined ? undefined : JSON.stringify(expandJson(request.body, bindings))
  return Effect.promise(() =>
    exchange(server.agent, {
      port: server.port,
      method: request.method,
      path: `/${path}${scheme === "query" ? query : ""}`,
      headers: {
        host: user === "" ? `127.0.0.1:${server.port}` : `${user}.carto.com`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(scheme === "basic"
          ? { authorization: `Basic ${Buffer.from(`${user}:${credential}`).toString("base64")}` }
          : {}),
        ...(cookie === undefined ? {} : { cookie }),
        ...Object.fromEntries(headers)
      },
      body: body ?? (request.rawBody === undefined ? undefined : expand(request.rawBody, bindings))
    })
  )
}

const answerProblems = (expect: Expect, answer: Answer, bindings: Bindings): ReadonlyArray<string> => {
  const body = parseBody(answer.text)
  const headers = Object.entries(expect.headers ?? {}).flatMap(([name, value]) =>
    shapeProblems(expandJson(value, bindings), answer.headers.get(name) ?? undefined, `header ${name}`)
  )
  const text = expect.bodyText === undefined ? undefined : expand(expect.bodyText, bindings)
  return [
    ...(answer.status === expect.status
      ? []
      : [`status: expected ${expect.status}, got ${answer.status}: ${answer.text}`]),
    ...(expect.body === undefined ? [] : equalityProblems(expandJson(expect.body, bindings), body)),
    ...(expect.bodyShape === undefined ? [] : shapeProblems(expandJson(expect.bodyShape, bindings), body)),
    ...(text === undefined || text === answer.text
      ? []
      : [`body: expected ${JSON.stringify(text)}, got ${answer.text}`]),
    ...headers
  ]
}

const redisProblems = (expect: Expect, bindings: Bindings): Effect.Effect<ReadonlyArray<string>, never, KeyStore> =>
  KeyStore.useSync((keyStore) =>
    (expect.redis ?? []).flatMap(({ hash, key, partial }) => {
      const name = expand(key, bindings)
      const stored = keyStore.get(name)
      if (hash === null) return stored === undefined ? [] : [`${key}: expected nothing, got a hash`]
      const expected = expandJson(hash, bindings)
      const isWhole = partial === true || Object.keys(stored ?? {}).every((field) => Object.hasOwn(hash, field))
      return isWhole
        ? shapeProblems(expected, stored, key)
        : [`${key}: expected no other fields, got ${Object.keys(stored ?? {}).join(", ")}`]
    })
  )

/** The account that a case is about. A request may name none, or one that does not exist. */
const addressedBy = ({ given, request }: Case): string => {
  const byDefault = given.fixture === "solo" ? "alice" : "olga"
  return request.user !== undefined && usernames.includes(request.user) ? request.user : byDefault
}

const isExchange = (step: Exchange | Statements): step is Exchange => "request" in step

const runCase = Effect.fnUntraced(function* (server: Server, emulator: EmulatorService, one: Case) {
  const addressed = addressedBy(one)
  yield* arrange(one.given, addressed)
  const cookie = one.given.session === undefined ? undefined : yield* emulator.openSession(one.given.session)
  const { bindings, remember } = yield* bind(addressed)
  yield* runStatements(addressed, expandStatements(one.given, bindings))
  yield* publishTables(addressed, one.given.publicTables ?? [])

  const converse = Effect.fnUntraced(function* ({ expect, request }: Exchange, label: string) {
    const answer = yield* sendRequest(server, request, bindings, addressed, cookie)
    remember(parseBody(answer.text))
    const { headers, status, text } = answer
    const recorded = { status, headers: Object.fromEntries(headers), body: text }
    const problems = [
      ...answerProblems(expect, answer, bindings),
      ...(yield* Effect.promise(() => clientProblems("auth", recorded))),
      ...(yield* redisProblems(expect, bindings))
    ]
    for (const query of expect.sql ?? []) {
      const expanded = { ...query, query: expand(query.query, bindings) }
      problems.push(...(yield* sqlProblems(addressed, expanded)))
    }
    return problems.map((problem) => `${label}${problem}`)
  })

  const problems = [...(yield* converse(one, ""))]
  for (const [index, step] of (one.then ?? []).entries()) {
    if (isExchange(step)) problems.push(...(yield* converse(step, `then ${index + 1}: `)))
    else yield* runStatements(addressed, expandStatements(step, bindings))
  }
  return problems
})

const expandStatements = (statements: Statements, bindings: Bindings): Statements => {
  const all = (list: ReadonlyArray<string>) => list.map((statement) => expand(statement, bindings))
  return {
    sql: all(statements.sql ?? []),
    sqlAdmin: all(statements.sqlAdmin ?? []),
    sqlAs: Object.fromEntries(Object.entries(statements.sqlAs ?? {}).map(([key, list]) => [key, all(list)]))
  }
}

/** Whether a case does what emptying a database does not undo. */
const isInvasive = (one: Case): boolean => JSON.stringify(one).includes('"sqlAdmin"')

/** Runs a case on an emulator of its own, whose databases come from the pool. */
const inNewEmulator = Effect.fnUntraced(function* (server: Server, one: Case) {
  const pool = yield* DatabasePool
  const parts = yield* Layer.build(layerParts({}).pipe(Layer.provide(Layer.succeed(Databases, pool.databases))))
  const run: Effect.Effect<ReadonlyArray<string>, unknown, Parts | Scope.Scope> = Effect.gen(function* () {
    const emulator = yield* makeFromParts({ accounts: [] })
    server.use(emulator)
    return yield* runCase(server, emulator, one)
  })
  return yield* Effect.provide(run, parts)
}, Effect.scoped)

const idOf = (input: unknown, index: number): string =>
  typeof input === "object" && input !== null && "id" in input ? String(input.id) : `case ${index + 1}`

const print = (line: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(`${line}\n`))

const runAll = Effect.fnUntraced(function* (inputs: ReadonlyArray<unknown>) {
  let current: EmulatorService | undefined
  const handler = async (request: globalThis.Request): Promise<Response> =>
    current === undefined ? new Response(null, { status: 503 }) : await current.handler(request)
  const { port } = yield* listen({ handler })
  const agent = yield* Effect.acquireRelease(Effect.sync(makeAgent), (agent) => Effect.sync(() => agent.destroy()))
  const server: Server = { port, agent, use: (emulator) => void (current = emulator) }
  const pool = yield* DatabasePool
  let [passed, failed, skipped] = [0, 0, 0]
  for (const [index, input] of inputs.entries()) {
    const one = yield* Effect.option(decodeCase(input))
    if (one._tag === "None") {
      skipped += 1
      yield* print(`SKIP ${idOf(input, index)}: not in the format of auth reference, section 20`)
      continue
    }
    const problems = yield* inNewEmulator(server, one.value).pipe(
      Effect.catchCause((cause) => Effect.succeed([`the case cannot be run: ${String(cause)}`]))
    )
    if (isInvasive(one.value)) yield* pool.renew
    if (problems.length === 0) passed += 1
    else {
      failed += 1
      yield* print(`FAIL ${one.value.id}\n${problems.map((problem) => `     ${problem}`).join("\n")}`)
    }
  }
  return { passed, failed, skipped }
}, Effect.scoped)

/** Runs all cases of a file of the Auth API's format. */
export const run: Suite = async (file, kind) => {
  const inputs: unknown = JSON.parse(await readFile(file, "utf8"))
  if (!Array.isArray(inputs)) throw new Error(`${file} holds no array of cases`)
  const pool = kind === "pglite" ? DatabasePool.layer : DatabasePool.layerOfNew
  const layer = pool.pipe(Layer.provide(TestDatabases.layer({ kind, postgis: false })))
  return await Effect.runPromise(Effect.provide(runAll(inputs), layer))
}
