/** The command `emulator`: an embedded CARTO on a loopback port, until it is told to stop. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import { parseArgs } from "node:util"
import { make } from "./emulator.ts"
import type { ErrorClass } from "./shared/errorClass.ts"
import { defaultHosts } from "./http/hosts.ts"
import { listen } from "./http/listen.ts"

const usage = `Usage: npm run emulator -- [options]

An embedded CARTO for development and tests only.

  --port N         listen on 127.0.0.1:N; 0 takes any free port (default 8080)
  --host NAME      answer for this host too; .NAME for all that end so (default: .carto.com and .test)
  --account NAME   name of the account (default demo)
  --folder DIR     keep accounts, keys and tables in DIR (default: in memory)
  --database URL   make the databases on a PostgreSQL server: postgres://USER:PASSWORD@HOST:PORT/DATABASE of a superuser;
                   PGPASSWORD may hold the password (default: PGlite)
  --allow-remote-database
                   even when that server is on another machine
  --no-postgis     without PostGIS, which starts faster
  --help           show this
`

const UsageErrorBase: ErrorClass<"UsageError", { readonly message: string }> = Data.TaggedError("UsageError")
class UsageError extends UsageErrorBase {}

interface Options {
  readonly port: number
  readonly hosts: ReadonlyArray<string>
  readonly account: string
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

const parse: (args: ReadonlyArray<string>) => Effect.Effect<Options, UsageError> = Effect.fnUntraced(function* (args) {
  const { values } = yield* Effect.try({
    try: () =>
      parseArgs({
        args: [...args],
        options: {
          port: { type: "string", default: "8080" },
          host: { type: "string", multiple: true, default: [] },
          account: { type: "string", default: "demo" },
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
    account: values.account,
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

const serve = Effect.fnUntraced(function* ({ account: username, hosts, port, ...options }: Options) {
  const emulator = yield* make({ ...options, accounts: [{ username, samples: true }] })
  const { url } = yield* listen(emulator, { hosts, port })
  const account = emulator.account(username)
  yield* print(
    `An embedded CARTO, for development and tests only.\n` +
      `  base URL    ${url}/user/${username}\n` +
      `  master key  ${account === undefined ? "" : Redacted.value(account.masterKey)}\n` +
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
