/**
 * A running PostgreSQL. It handles one request at a time, limits the time of each request, and keeps its data after its
 * end.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { ConnectionError, type Message, type Report } from "../database.ts"
import type { ErrorClass } from "../shared/errorClass.ts"
import { makeFraming, read } from "./backend/messages.ts"
import type { Disk } from "./files/disk.ts"
import { CONTROL, type Event, type Request, type Start } from "./thread/host.ts"
import * as Thread from "./thread/thread.ts"

const BackendCrashBase: ErrorClass<
  "BackendCrash",
  { readonly message: string; readonly report: Report | undefined; readonly messages: ReadonlyArray<Message> }
> = Data.TaggedError("BackendCrash")
/**
 * The failure of a request whose backend is gone. `report` is sent to its client after the `messages` received so far.
 */
export class BackendCrash extends BackendCrashBase {}

/** The result of a request. */
export interface Answer {
  readonly messages: ReadonlyArray<Message>
  /** Milliseconds that PostgreSQL believes to have slept, although no time has passed. */
  readonly slept: number
}

/** A running PostgreSQL. */
export interface Instance {
  /**
   * Runs a request. PostgreSQL should end the request after `limit` milliseconds. If PostgreSQL does not notice that
   * the limit has passed, its thread is terminated. A request that has no limit or has removed it is canceled after
   * five minutes. A request is also canceled if its caller is interrupted.
   */
  readonly ask: (request: Request, limit?: number) => Effect.Effect<Answer, BackendCrash>
  /** Reports whether PostgreSQL has crashed or was terminated. */
  readonly isGone: () => boolean
  /** Returns the data directory as it was left at the end; `undefined` if it is in a folder. */
  readonly remains: () => Disk | undefined
  /** The current data directory as a tar archive, from which other instances can start. */
  readonly archive: Effect.Effect<Uint8Array, ConnectionError>
  /** Shuts PostgreSQL down. Call it only if the instance is not gone. */
  readonly close: Effect.Effect<void>
}

/** Options of an instance. */
export interface Options {
  /**
   * Whether PostgreSQL runs in a separate thread. Without that thread, a statement that computes endlessly cannot be
   * stopped.
   */
  readonly worker: boolean
  /** Returns the start parameters. It is called while the thread is created. */
  readonly prepare: () => Promise<Omit<Start, "control">>
}

const unavailable = (cause: unknown): ConnectionError =>
  new ConnectionError({
    message: `PostgreSQL does not start: ${cause instanceof Error ? cause.message : String(cause)}`
  })

/** Maximum time in milliseconds of a request without a limit, as in the SQL API for its slowest queries. */
const LONGEST = 5 * 60 * 1000
/** Milliseconds between the limit of a request and the first check, and between checks. */
const GRACE = 500
const INTERVAL = 1000
/** Number of checks of a canceled request that still reacts. */
const LOOKS = 30

/** The error that PostgreSQL would have sent. */
const timedOut: Report = {
  severity: "ERROR",
  code: "57014",
  message: "canceling statement due to statement timeout"
}

const readAll = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<Message> => {
  const frames = makeFraming()
  return pieces.flatMap(frames).flatMap((bytes) => read(bytes) ?? [])
}

const make = (thread: Thread.Thread, data: Start["data"], control: Int32Array<SharedArrayBuffer>): Instance => {
  let number = 0
  let gone = false

  const ask = (request: Request, limit: number = LONGEST): Effect.Effect<Answer, BackendCrash> =>
    Effect.callback((resume) => {
      const pieces: Array<Uint8Array> = []
      const whenOver: Array<() => void> = []
      let timer: ReturnType<typeof setTimeout> | undefined
      let over = false
      let startedAt = performance.now()

      const finish = (outcome: Effect.Effect<Answer, BackendCrash>): void => {
        if (over) return
        over = true
        clearTimeout(timer)
        thread.applyChanges()
        resume(outcome)
        for (const done of whenOver) done()
      }
      const crash = (message: string, report: Report | undefined): void => {
        gone = true
        finish(Effect.suspend(() => Effect.fail(new BackendCrash({ message, report, messages: readAll(pieces) }))))
      }
      const kill = async (): Promise<void> => {
        // A request that ran in this thread has ended by now.
        if (over || !(await thread.kill())) return
        crash("a statement took too long and was ended with its thread", timedOut)
      }
      const cancel = (): void => void Atomics.store(control, CONTROL.cancelled, number)
      // A request that calls a host function will notice its cancellation or its timeout.
      const look = (looks: number): void => {
        const last = performance.now() - startedAt >= Math.max(limit, LONGEST)
        if (last) cancel()
        const beats = Atomics.load(control, CONTROL.beats)
        timer = setTimeout(() => {
          if (looks === 0 || Atomics.load(control, CONTROL.beats) === beats) void kill()
          else look(last ? looks - 1 : looks)
        }, INTERVAL)
      }
      const onEvent = (event: Event): void => {
        switch (event._tag) {
          case "Bytes":
            pieces.push(event.bytes)
            return
          case "Ended":
            return finish(Effect.sync(() => ({ messages: readAll(pieces), slept: event.slept })))
          case "Crashed":
            crash(event.message, event.report)
            return void thread.kill()
        }
      }

      number += 1
      timer = setTimeout(() => look(LOOKS), Math.min(limit + GRACE, LONGEST_TIMER))
      thread.handle(request, onEvent)

      return Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            if (over) return resolve()
            whenOver.push(resolve)
            clearTimeout(timer)
            startedAt = -Infinity
            look(2)
          })
      )
    })

  return {
    ask,
    isGone: () => gone,
    remains: () => (data._tag === "Memory" ? data.disk : undefined),
    archive: Effect.tryPromise({ try: () => thread.archive(), catch: unavailable }),
    close: Effect.promise(() => thread.close())
  }
}

/** Maximum delay of a timer. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Starts PostgreSQL. The caller must close it. The start is uninterruptible, because PGlite cannot be stopped halfway.
 */
export const start = ({ prepare, worker }: Options): Effect.Effect<Instance, ConnectionError> =>
  Effect.tryPromise({
    try: async () => {
      const control = new SharedArrayBuffer(CONTROL.bytes)
      const prepared = prepare()
      const makeStart = async () => ({ ...(await prepared), control })
      const thread = await (worker && Thread.hasWorker() ? Thread.inWorker(makeStart) : Thread.here(makeStart))
      return make(thread, (await prepared).data, new Int32Array(control))
    },
    catch: unavailable
  }).pipe(Effect.uninterruptible)
