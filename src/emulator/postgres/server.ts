/** The location and the superuser of a PostgreSQL server, from a `postgres://` URL. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { isIPv4 } from "node:net"
import process from "node:process"
import { ConnectionError } from "../database.ts"

/** A PostgreSQL server and its superuser. */
export interface Server {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: Redacted.Redacted
  /** The database of the superuser's own connection. */
  readonly database: string
  readonly tls: false | { readonly rejectUnauthorized: boolean }
}

/** libpq's names of the TLS modes. */
const tlsModes: ReadonlyMap<string, Server["tls"]> = new Map<string, Server["tls"]>([
  ["disable", false],
  ["require", { rejectUnauthorized: false }],
  ["verify-full", { rejectUnauthorized: true }]
])

// No message includes the URL, because the URL contains a password.
const refuse = (message: string): Effect.Effect<never, ConnectionError> => Effect.fail(new ConnectionError({ message }))

const malformed = refuse("a PostgreSQL server is given as postgres://USER:PASSWORD@HOST:PORT/DATABASE")

const decode = (text: string): Effect.Effect<string, ConnectionError> =>
  Effect.try({ try: () => decodeURIComponent(text), catch: () => undefined }).pipe(Effect.catch(() => malformed))

const read: (text: string) => Effect.Effect<Server, ConnectionError> = Effect.fnUntraced(function* (text) {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== "postgres:" && url?.protocol !== "postgresql:") return yield* malformed
  const unknown = [...url.searchParams.keys()].find((name) => name !== "sslmode" && name !== "host")
  if (unknown !== undefined) {
    return yield* refuse(`the URL of a PostgreSQL server may not have the parameter ${unknown}`)
  }
  const tls = tlsModes.get(url.searchParams.get("sslmode") ?? "disable")
  if (tls === undefined) return yield* refuse(`sslmode is one of ${[...tlsModes.keys()].join(", ")}`)
  const hostname = (yield* decode(url.hostname)).replace(/^\[(.*)\]$/, "$1")
  return {
    host: url.searchParams.get("host") ?? (hostname || "localhost"),
    port: url.port === "" ? 5432 : Number(url.port),
    user: (yield* decode(url.username)) || "postgres",
    password: Redacted.make((yield* decode(url.password)) || (process.env["PGPASSWORD"] ?? "")),
    database: (yield* decode(url.pathname.slice(1))) || "postgres",
    tls
  }
})

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host.startsWith("/") || (isIPv4(host) && host.startsWith("127."))

/** Formats an address as `HOST:PORT`. */
export const address = ({ host, port }: Pick<Server, "host" | "port">): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/**
 * Parses a URL. Defaults: user and database `postgres`, host `localhost`, port 5432, password `PGPASSWORD`. `sslmode`
 * is `disable`, `require` or `verify-full`. Fails with `ConnectionError` if the URL is invalid, or if the server is not
 * on this machine and `allowRemote` is not `true`.
 */
export const parse: (
  url: string | Redacted.Redacted,
  options?: { readonly allowRemote?: boolean | undefined }
) => Effect.Effect<Server, ConnectionError> = Effect.fnUntraced(function* (url, options = {}) {
  const server = yield* read(typeof url === "string" ? url : Redacted.value(url))
  if (options.allowRemote === true || isLoopback(server.host)) return server
  return yield* refuse(
    `${server.host} is another machine: the emulator makes databases and roles, so this must be allowed explicitly`
  )
})
