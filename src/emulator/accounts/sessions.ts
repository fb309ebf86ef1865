/**
 * Dashboard sessions. There is no dashboard to log in to, so the emulator issues sessions itself. A session is the
 * cookie `_cartodb_session` with a value that `open` issued.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"

/** The dashboard sessions of an emulator. */
export interface SessionsService {
  /** Opens a session and returns its `Cookie` header. */
  readonly open: (username: string) => Effect.Effect<string>
  /** The username of the session in a `Cookie` header. `undefined` if the header has no valid session. */
  readonly username: (cookies: string) => string | undefined
}

const name = "_cartodb_session"

const make = (): SessionsService => {
  const sessions = new Map<string, string>()
  return {
    open: (username) =>
      Effect.sync(() => {
        const value = randomBytes(16).toString("hex")
        sessions.set(value, username)
        return `${name}=${value}`
      }),
    username: (cookies) => {
      const cookie = cookies.split(/; */).find((pair) => pair.startsWith(`${name}=`))
      return cookie === undefined ? undefined : sessions.get(cookie.slice(name.length + 1))
    }
  }
}

const SessionsBase: Context.ServiceClass<Sessions, "effect-carto/emulator/Sessions", SessionsService> = Context.Service<
  Sessions,
  SessionsService
>()("effect-carto/emulator/Sessions")
/** The service of the dashboard sessions. */
export class Sessions extends SessionsBase {
  /** The layer of the dashboard sessions. */
  static readonly layer: Layer.Layer<Sessions> = Layer.sync(Sessions, make)
}
