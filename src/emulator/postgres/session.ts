/** A connection with a real login, for which PostgreSQL decides the permissions. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { connect as connectSocket } from "node:net"
import type { Connection } from "pg"
import { ConnectionError, type Message } from "../database.ts"
import type { Driver } from "./driver.ts"
import * as Exchange from "./exchange.ts"
import { address, type Server } from "./server.ts"

/** The value of a bind parameter. */
export type Parameter = string | number | boolean | null

/** A logged-in connection. */
export interface Session {
  /** Runs text with any number of statements by the simple protocol. */
  readonly text: (sql: string, copyIn?: Uint8Array) => Stream.Stream<Message, ConnectionError>
  /** Runs one statement with bind parameters by the extended protocol. Parameters and results are text. */
  readonly statement: (sql: string, parameters: ReadonlyArray<Parameter>) => Stream.Stream<Message, ConnectionError>
  /**
   * Resets the session to its state after the login. Returns `false` if that is not possible. The session must then not
   * be used again.
   */
  readonly reset: Effect.Effect<boolean>
  /** Reports whether the backend is still connected, as far as is known. */
  readonly isOpen: () => boolean
}

/** Options of a login. */
export interface Options {
  readonly driver: Driver
  readonly server: Server
  readonly user: string
  readonly password: Redacted.Redacted
  readonly database: string
  /**
   * Settings that apply from the login and override those of the role. Values must not contain spaces or backslashes.
   */
  readonly settings: ReadonlyArray<readonly [name: string, value: string]>
  readonly applicationName: string
  /** Terminates a backend. */
  readonly terminate?: ((processId: number) => Effect.Effect<void>) | undefined
}

interface BackendKey {
  readonly processID: number
  readonly secretKey: number
}

const connectTimeout = 10_000

/** Milliseconds that a canceled statement may take to stop before its backend is terminated. */
const cancelTimeout = 2000

const refused = ({ driver, server }: Options, cause: unknown): ConnectionError => {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (cause instanceof driver.DatabaseError) return new ConnectionError({ message })
  const reason = Predicate.hasProperty(cause, "code") ? String(cause.code) : message
  return new ConnectionError({ message: `no PostgreSQL server answers at ${address(server)}: ${reason}` })
}

// A CancelRequest uses a separate connection, which PostgreSQL closes after it has sent the signal.
const sendCancelRequest = ({ host, port }: Server, { processID, secretKey }: BackendKey): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const request = new DataView(new ArrayBuffer(16))
    for (const [index, word] of [16, 80877102, processID, secretKey].entries()) request.setInt32(index * 4, word)
    const socket = host.startsWith("/") ? connectSocket(`${host}/.s.PGSQL.${port}`) : connectSocket(port, host)
    socket.on("error", () => {})
    socket.once("close", () => resume(Effect.void))
    socket.write(new Uint8Array(request.buffer))
    socket.resume()
    return Effect.sync(() => socket.destroy())
  })

const sendText =
  (sql: string) =>
  (connection: Connection): void =>
    connection.query(sql)

const sendStatement =
  (sql: string, parameters: ReadonlyArray<Parameter>) =>
  (connection: Connection): void => {
    const values = parameters.map((value) => (value === null ? null : String(value)))
    connection.parse({ name: "", text: sql, types: [] }, true)
    connection.bind({ values }, true)
    connection.describe({ type: "P" }, true)
    connection.execute(null, true)
    connection.sync()
  }

/**
 * Logs in. The session ends with the scope. A statement that is still running is canceled. The backend is gone when the
 * scope is closed, so the next session does not see it.
 */
export const open: (options: Options) => Effect.Effect<Session, ConnectionError, Scope.Scope> = Effect.fnUntraced(
  function* (options) {
    const { database, driver, password, server, settings, terminate, user } = options
    let current: Exchange.Exchange | undefined
    let key: BackendKey | undefined
    let isOpen = true

    const connect = Effect.tryPromise({
      try: async () => {
        const client = new driver.Client({
          host: server.host,
          port: server.port,
          user,
          // A function, because without a password pg searches the environment and files for another one.
          password: () => Redacted.value(password),
          database,
          ssl: server.tls,
          application_name: options.applicationName,
          options: settings.map(([name, value]) => `-c ${name}=${value}`).join(" "),
          connectionTimeoutMillis: connectTimeout
        })
        client.connection.once("backendKeyData", (message: BackendKey) => {
          key = message
        })
        client.connection.on("copyOutResponse", (message: { readonly binary: boolean }) =>
          current?.handleCopyOut(message)
        )
        client.on("notice", (notice) => current?.handleNotice(notice))
        // pg also notifies the exchange in progress.
        client.on("error", () => {
          isOpen = false
        })
        await client.connect()
        return client
      },
      catch: (cause) => refused(options, cause)
    })

    const stop = Effect.gen(function* () {
      if (current === undefined || key === undefined || !current.isRunning()) return
      const { processID } = key
      yield* sendCancelRequest(server, key)
      const stopped = yield* Effect.timeoutOption(current.drain, cancelTimeout)
      if (stopped._tag === "None" && terminate !== undefined) yield* terminate(processID)
    })

    const client = yield* Effect.acquireRelease(connect, (client) =>
      Effect.andThen(
        stop,
        Effect.promise(() => client.end())
      )
    )

    const submit = (
      send: (connection: Connection) => void,
      copyIn?: Uint8Array
    ): Stream.Stream<Message, ConnectionError> =>
      Stream.fromPull(
        Effect.sync(() => {
          current = client.query(Exchange.make(driver, send, copyIn))
          return current.pull
        })
      )

    const text: Session["text"] = (sql, copyIn) => submit(sendText(sql), copyIn)

    const succeeds = (sql: string): Effect.Effect<boolean> =>
      Stream.runCollect(text(sql)).pipe(
        Effect.map((messages) => !messages.some(({ _tag }) => _tag === "Failure")),
        Effect.orElseSucceed(() => false)
      )

    return {
      isOpen: () => isOpen,
      text,
      statement: (sql, parameters) => submit(sendStatement(sql, parameters)),
      reset: Effect.suspend(() => {
        if (current?.isRunning() === true) return Effect.succeed(false)
        // DISCARD ALL cannot run inside a transaction, which the text may have left open.
        return Effect.flatMap(succeeds("ROLLBACK"), (isOut) =>
          isOut ? succeeds("DISCARD ALL") : Effect.succeed(false)
        )
      })
    }
  }
)
