/** The command `emulator`: runs an embedded CARTO on a loopback port until a stop signal. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import { parseArgs } from "node:util"
import { readFile } from "node:fs/promises"
import type { AccountOptions } from "./accounts/createAccount.ts"
import { type EmulatorAccount, make, type RequestLogEntry } from "./emulator.ts"
import type { ErrorClass } from "./shared/errorClass.ts"
import { defaultHosts } from "./http/hosts.ts"
import { listen } from "./http/listen.ts"

const usage = `Usage: npm run emulator -- [options]

An embedded CARTO for development and tests only.

  --port N               listen on 127.0.0.1:N; 0 takes any free port (default 8080)
  --host NAME            answer for this host too; .NAME for all that end with it (default .carto.com and .test)
  --allow-origin ORIGIN  accept requests of pages from this origin, such as https://app.example.org; * for all
  --account NAME         an account; may be repeated (default demo)
  --organization NAME    make the accounts members of an organization; the first one is its owner
  --master-key TOKEN     token of the first account's master key (default random)
  --seed FILE            run a file of SQL as the first account, when it is made; may be repeated
  --statement-timeout MS end statements of the SQL API after MS milliseconds
  --rate-limit N         allow N queries a second for each account
  --folder DIR           keep accounts, keys and tables in DIR (default: in memory)
  --database URL         make the databases on a PostgreSQL server: postgres://USER:PASSWORD@HOST:PORT/DATABASE of a
                         superuser; PGPASSWORD may hold the password (default: PGlite)
  --allow-remote-database
                         allow a server on another machine
  --no-postgis           without PostGIS, which starts faster
  --log                  print a line for each request on stderr
  --help                 show this
`

const UsageErrorBase: ErrorClass<"UsageError", { readonly message: string }> = Data.TaggedError("UsageError")
class UsageError extends UsageErrorBase {}

interface Options {
  readonly port: number
  readonly hosts: ReadonlyArray<string>
  readonly allowedOrigins: ReadonlyArray<string>
  readonly accounts: ReadonlyArray<AccountOptions>
  readonly log: boolean
  readonly folder: string | undefined
  readonly database: Redacted.Redacted | undefined
  readonly allowRemoteDatabase: boolean
  readonly postgis: false | "if-installed"
  readonly help: boolean
}

const parsePort = (text: string): Effect.Effect<number, UsageError> => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535
    ? Effect.succeed(port)
    : Effect.fail(new UsageError({ message: `--port takes a number from 0 to 65535: ${JSON.stringify(text)} is not` }))
}

const parsePositive = (flag: string, text: string | undefined): Effect.Effect<number | undefined, UsageError> => {
  if (text === undefined) return Effect.undefined
  return Number(text) > 0
    ? Effect.succeed(Number(text))
    : Effect.fail(new UsageError({ message: `${flag} takes a positive number: ${JSON.stringify(text)} is not` }))
}

const readSeed = (path: string): Effect.Effect<string, UsageError> =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (cause) =>
      new UsageError({ message: `--seed ${path}: ${cause instanceof Error ? cause.message : String(cause)}` })
  })

interface AccountFlags {
  readonly account: ReadonlyArray<string>
  readonly organization?: string | undefined
  readonly "master-key"?: string | undefined
  readonly seed: ReadonlyArray<string>
  readonly "statement-timeout"?: string | undefined
  readonly "rate-limit"?: string | undefined
}

const parseAccounts: (flags: AccountFlags) => Effect.Effect<ReadonlyArray<AccountOptions>, UsageError> =
  Effect.fnUntraced(function* (flags) {
    const statementTimeout = yield* parsePositive("--statement-timeout", flags["statement-timeout"])
    const rate = yield* parsePositive("--rate-limit", flags["rate-limit"])
    const seed = yield* Effect.forEach(flags.seed, readSeed)
    const { organization } = flags
    return flags.account.map((username, index) => ({
      username,
      samples: true,
      statementTimeout,
      ...(rate === undefined ? {} : { rateLimits: { query: { burst: Math.ceil(rate) - 1, count: rate, period: 1 } } }),
      ...(organization === undefined
        ? {}
        : { organization: { name: organization, role: index === 0 ? ("owner" as const) : ("member" as const) } }),
      ...(index === 0 ? { masterKey: flags["master-key"], seed } : {})
    }))
  })

const parse: (args: ReadonlyArray<string>) => Effect.Effect<Options, UsageError> = Effect.fnUntraced(function* (args) {
  const { values } = yield* Effect.try({
    try: () =>
      parseArgs({
        args: [...args],
        options: {
          port: { type: "string", default: "8080" },
          host: { type: "string", multiple: true, default: [] },
          "allow-origin": { type: "string", multiple: true, default: [] },
          account: { type: "string", multiple: true, default: ["demo"] },
          organization: { type: "string" },
          "master-key": { type: "string" },
          seed: { type: "string", multiple: true, default: [] },
          "statement-timeout": { type: "string" },
          "rate-limit": { type: "string" },
          log: { type: "boolean", default: false },
          folder: { type: "string" },
          database: { type: "string" },
          "allow-remote-database": { type: "boolean", default: false },
          "no-postgis": { type: "boolean", default: false },
          help: { type: "boolean", default: false }
        }
      }),
    catch: (cause) => new UsageError({ message: cause instanceof Error ? cause.message : String(cause) })
  })
  if (values.folder === "") return yield* new UsageError({ message: "--folder takes the name of a folder" })
  return {
    port: yield* parsePort(values.port),
    hosts: [...defaultHosts, ...values.host.map((name) => name.toLowerCase())],
    allowedOrigins: values["allow-origin"],
    accounts: yield* parseAccounts(values),
    log: values.log,
    folder: values.folder,
    database: values.database === undefined ? undefined : Redacted.make(values.database),
    allowRemoteDatabase: values["allow-remote-database"],
    postgis: values["no-postgis"] ? false : "if-installed",
    help: values.help
  }
})

const stopSignal: Effect.Effect<void> = Effect.callback((resume) => {
  const stop = () => resume(Effect.void)
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
  return Effect.sync(() => {
    process.off("SIGINT", stop)
    process.off("SIGTERM", stop)
  })
})

const print = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(text))

const fail = (message: string, exitCode: number): Effect.Effect<number> =>
  Effect.sync(() => {
    process.stderr.write(`${message}\n`)
    return exitCode
  })

const logLine = ({ host, method, milliseconds, path, status }: RequestLogEntry): void =>
  void process.stderr.write(`${status} ${method} ${host}${path} ${milliseconds.toFixed(0)} ms\n`)

const describeAccount = (url: string, { masterKey, username }: EmulatorAccount): string =>
  `  base URL    ${url}/user/${username}\n  master key  ${Redacted.value(masterKey)}\n`

const serve = Effect.fnUntraced(function* ({ accounts, allowedOrigins, hosts, log, port, ...options }: Options) {
  const emulator = yield* make({ ...options, accounts, onRequest: log ? logLine : undefined })
  const { url } = yield* listen(emulator, { allowedOrigins, hosts, port })
  const known = accounts.flatMap(({ username }) => emulator.account(username) ?? [])
  yield* print(
    `An embedded CARTO, for development and tests only.\n` +
      known.map((account) => describeAccount(url, account)).join("") +
      `Ctrl+C stops it.\n`
  )
  return yield* Effect.never
})

const main: Effect.Effect<number> = Effect.gen(function* () {
  const options = yield* parse(process.argv.slice(2))
  if (options.help) return yield* Effect.as(print(usage), 0)
  yield* Effect.raceFirst(Effect.scoped(serve(options)), stopSignal)
  return 0
}).pipe(
  Effect.catchTags({
    UsageError: ({ message }) => fail(`${message}\n\n${usage}`, 2),
    ListenError: ({ message }) => fail(message, 1),
    EmulatorError: ({ message, reason }) => fail(message, reason._tag === "InvalidAccount" ? 2 : 1)
  })
)

process.exitCode = await Effect.runPromise(main)
