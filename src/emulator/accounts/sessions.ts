/**
 * Sessions of the dashboard. There is no dashboard to log in to, so the emulator hands them out itself: the cookie
 * `_cartodb_session` with a value that `open` has issued.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"

export interface SessionsService {
  /** Opens a session and returns the `Cookie` header that carries it. */
  readonly open: (username: string) => Effect.Effect<string>
  /** The user whose session a `Cookie` header carries. */
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
export class Sessions extends SessionsBase {
  static readonly layer: Layer.Layer<Sessions> = Layer.sync(Sessions, make)
}
