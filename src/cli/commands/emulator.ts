import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import type { AccountOptions } from "../../emulator/index.ts"
import { failed, usage } from "../failure.ts"
import { readText } from "../io/files.ts"
import { message } from "../terminal/message.ts"

const repeatable = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(`${description}; repeatable`), Flag.atLeast(0))

const optional = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

const toggle = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false), Flag.withoutNegation)

/** Loaded only here: it brings PGlite. In the package the embedded CARTO lies beside the bundled command line. */
const load = Effect.tryPromise({
  try: () => import("../../emulator/index.ts"),
  catch: (error) =>
    failed(`the embedded CARTO cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
})

const accountsOf = (
  names: ReadonlyArray<string>,
  organizations: ReadonlyArray<string>,
  masterKey: Option.Option<string>
): Effect.Effect<ReadonlyArray<AccountOptions>, ReturnType<typeof usage>> =>
  Effect.gen(function* () {
    const members: Array<AccountOptions> = []
    for (const text of organizations) {
      const [, organization = "", list = ""] = /^([^:]+):(.+)$/.exec(text) ?? []
      if (organization === "") return yield* usage(`--organization ${text}: give NAME:OWNER,MEMBER,…`)
      for (const [index, username] of list.split(",").entries()) {
        members.push({ username, organization: { name: organization, role: index === 0 ? "owner" : "member" } })
      }
    }
    const [first, ...others] = names.length === 0 && members.length === 0 ? ["demo"] : names
    const key = Option.isSome(masterKey) ? { masterKey: masterKey.value } : {}
    return [
      ...(first === undefined ? [] : [{ username: first, samples: true, ...key }]),
      ...others.map((username) => ({ username })),
      ...members
    ]
  })

/** `effect-carto emulator` */
export const emulator = Command.make(
  "emulator",
  {
    port: Flag.Int("port").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Listen on 127.0.0.1:N; 0 takes any free port (default: 8080)"),
      Flag.withDefault(8080)
    ),
    account: repeatable("account", "NAME", "An account; the first one has the sample tables (default: demo)"),
    organization: repeatable("organization", "NAME:OWNER,MEMBER", "An organization with its members"),
    masterKey: optional("master-key", "TOKEN", "Token of the first account's master key (default: random)"),
    seed: repeatable("seed", "FILE", "A file of SQL that the first account runs at the start"),
    host: repeatable("host", "NAME", "Answer for this host too; .NAME for all that end with it"),
    allowedOrigin: repeatable("allow-origin", "ORIGIN", "Answer pages of this origin, or * for all"),
    rateLimit: Flag.Int("rate-limit").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Allow N queries a second for each account (default: no limit)"),
      Flag.optional
    ),
    statementTimeout: Flag.Int("statement-timeout").pipe(
      Flag.withMetavar("MS"),
      Flag.withDescription("End statements of the SQL API after MS milliseconds"),
      Flag.optional
    ),
    folder: optional("folder", "DIR", "Keep accounts, keys and tables in DIR (default: in memory)"),
    database: optional(
      "database",
      "URL",
      "Make the databases on a PostgreSQL server, as a superuser; PGPASSWORD may hold the password (default: PGlite)"
    ),
    allowRemoteDatabase: toggle("allow-remote-database", "Allow a PostgreSQL server on another machine"),
    noPostgis: toggle("no-postgis", "Start without PostGIS, which is faster"),
    log: toggle("log", "Print every request on stderr, without statements and keys")
  },
  Effect.fnUntraced(function* (flags) {
    const { listen, make } = yield* load
    const limits = {
      statementTimeout: Option.getOrUndefined(flags.statementTimeout),
      ...(Option.isSome(flags.rateLimit)
        ? { rateLimits: { query: { burst: flags.rateLimit.value - 1, count: flags.rateLimit.value, period: 1 } } }
        : {})
    }
    const named = yield* accountsOf(flags.account, flags.organization, flags.masterKey)
    const accounts = named.map((account) => ({ ...account, ...limits }))
    const seeds = yield* Effect.forEach(flags.seed, readText)
    return yield* Effect.scoped(
      Effect.gen(function* () {
        const served = yield* make({
          accounts,
          folder: Option.getOrUndefined(flags.folder),
          database: Option.getOrUndefined(Option.map(flags.database, (url) => Redacted.make(url))),
          allowRemoteDatabase: flags.allowRemoteDatabase,
          postgis: flags.noPostgis ? false : "if-installed"
        })
        const [first] = accounts
        for (const text of seeds) yield* served.execute(first?.username ?? "", text)
        const { url } = yield* listen(flags.log ? { ...served, handler: logged(served.handler) } : served, {
          port: flags.port,
          allowedOrigins: flags.allowedOrigin,
          ...(flags.host.length === 0
            ? {}
            : { hosts: [".carto.com", ".test", ...flags.host.map((name) => name.toLowerCase())] })
        })
        yield* message("An embedded CARTO, for development and tests only. Ctrl-C stops it.")
        for (const { username } of accounts) {
          const account = served.account(username)
          if (account === undefined) continue
          // lines for `eval`; the master key is what this command is for
          yield* Console.log(
            `export CARTO_BASE_URL=${url}/user/${username} CARTO_API_KEY=${Redacted.value(account.masterKey)}`
          )
        }
        return yield* Effect.never
      })
    ).pipe(
      Effect.catchTags({
        EmulatorError: (error) =>
          Effect.fail(error.reason._tag === "InvalidAccount" ? usage(error.message) : failed(error.message)),
        ListenError: (error) => Effect.fail(failed(error.message))
      })
    )
  })
).pipe(
  Command.withDescription("Start the embedded CARTO on a loopback port, for development and tests"),
  Command.withExamples([
    { command: "effect-carto emulator --port 8080", description: "Prints lines that set the environment of clients" },
    {
      command: "effect-carto emulator --account alice --account bob --seed schema.sql --log",
      description: "Two accounts; the first one runs a file of SQL"
    }
  ])
)

/** Prints method, path and status of each request. */
const logged =
  (handler: (request: Request) => Promise<Response>) =>
  async (request: Request): Promise<Response> => {
    const response = await handler(request)
    process.stderr.write(`${request.method} ${new URL(request.url).pathname} ${response.status}\n`)
    return response
  }
