/** A running PostgreSQL: one request at a time, none of which may take for ever, and what is left of it after its end. */
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
/** The backend is gone. `report` is what its client is told, after the `messages` that it has got so far. */
export class BackendCrash extends BackendCrashBase {}

export interface Answer {
  readonly messages: ReadonlyArray<Message>
  /** For how many milliseconds PostgreSQL believes to have slept; none of them has passed. */
  readonly slept: number
}

export interface Instance {
  /**
   * Runs a request. PostgreSQL is to end it after `limit` milliseconds; if it does not even notice that they have passed,
   * its thread is ended. A request without a limit, or that has lifted it, is cancelled after five minutes, and so is one
   * whose caller is interrupted.
   */
  readonly ask: (request: Request, limit?: number) => Effect.Effect<Answer, BackendCrash>
  /** Whether it has crashed or was ended. */
  readonly isGone: () => boolean
  /** The data directory as its end has left it; `undefined` where it lies in a folder. */
  readonly remains: () => Disk | undefined
  /** The data directory as it is, as a tar archive: to start others from. */
  readonly archive: Effect.Effect<Uint8Array, ConnectionError>
  /** Shuts PostgreSQL down. Only for an instance that is not gone. */
  readonly close: Effect.Effect<void>
}

export interface Options {
  /** Whether it gets a thread of its own; otherwise nothing can end a statement that computes without end. */
  readonly worker: boolean
  /** What to start from; asked for while the thread is made. */
  readonly prepare: () => Promise<Omit<Start, "control">>
}

const unavailable = (cause: unknown): ConnectionError =>
  new ConnectionError({
    message: `PostgreSQL does not start: ${cause instanceof Error ? cause.message : String(cause)}`
  })

/** Milliseconds that a request may take that has no limit: what the SQL API gives its slowest queries. */
const LONGEST = 5 * 60 * 1000
/** Milliseconds after its limit when a request is first looked at, and between looks. */
const GRACE = 500
const INTERVAL = 1000
/** How often a request is looked at that has been cancelled, and is at work on that. */
const LOOKS = 30

/** What PostgreSQL would have said. */
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
        // What runs in this thread is over by now.
        if (over || !(await thread.kill())) return
        crash("a statement took too long and was ended with its thread", timedOut)
      }
      const cancel = (): void => void Atomics.store(control, CONTROL.cancelled, number)
      // Who asks the host for something will see that it is cancelled, or that its time is over.
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

/** What a timer can be set to. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Starts PostgreSQL. Whoever starts it must close it. Not interruptible: PGlite cannot be stopped half-way. */
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
