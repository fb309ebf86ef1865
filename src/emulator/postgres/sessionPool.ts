/**
 * Idle sessions that are kept for the next text of the same role, because each login makes PostgreSQL start a process.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { ConnectionError } from "../database.ts"
import type { Session } from "./session.ts"

interface Idle {
  readonly session: Session
  readonly scope: Scope.Closeable
  readonly database: string
  readonly login: string
}

/** A pool of sessions. */
export interface SessionPool {
  /**
   * Returns a session for exclusive use until the scope closes: an idle session, or a new session from `open`. `login`
   * identifies a login. A used session is returned only to callers whose new session would be the same.
   */
  readonly get: (options: {
    readonly database: string
    readonly login: string
    readonly open: Effect.Effect<Session, ConnectionError, Scope.Scope>
  }) => Effect.Effect<Session, ConnectionError, Scope.Scope>
  /** Ends the idle sessions of a database. */
  readonly clear: (database: string) => Effect.Effect<void>
}

/**
 * Creates a pool. At most `running` sessions are in use at a time, and further callers wait. At most `idle` sessions
 * are kept.
 */
export const make: (options: {
  readonly running: number
  readonly idle: number
}) => Effect.Effect<SessionPool, never, Scope.Scope> = Effect.fnUntraced(function* (options) {
  const permits = yield* Semaphore.make(options.running)
  const poolScope = yield* Effect.scope
  // Ordered by last use.
  const idle = new Set<Idle>()

  const close = (entries: ReadonlyArray<Idle>): Effect.Effect<void> =>
    Effect.suspend(() => {
      for (const entry of entries) idle.delete(entry)
      return Effect.forEach(entries, ({ scope }) => Scope.close(scope, Exit.void), {
        concurrency: "unbounded",
        discard: true
      })
    })

  const keep = (entry: Idle): Effect.Effect<void> =>
    Effect.suspend(() => {
      idle.add(entry)
      return close([...idle].slice(0, Math.max(0, idle.size - options.idle)))
    })

  return {
    get: Effect.fnUntraced(function* ({ database, login, open }) {
      yield* Semaphore.takeScoped(permits, 1)
      const take = Effect.gen(function* () {
        yield* close([...idle].filter(({ session }) => !session.isOpen()))
        const waiting = [...idle].findLast((entry) => entry.database === database && entry.login === login)
        if (waiting !== undefined) {
          idle.delete(waiting)
          return waiting
        }
        const scope = yield* Scope.fork(poolScope)
        const session = yield* open.pipe(
          Scope.provide(scope),
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
        )
        return { session, scope, database, login }
      })
      const { session } = yield* Effect.acquireRelease(take, (entry) =>
        Effect.flatMap(entry.session.reset, (isClean) => (isClean ? keep(entry) : Scope.close(entry.scope, Exit.void)))
      )
      return session
    }),
    clear: (database) => Effect.suspend(() => close([...idle].filter((entry) => entry.database === database)))
  }
})
