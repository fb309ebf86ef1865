/** Lines that are typed on a terminal, with editing, history and completion: Node's `readline`. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import process from "node:process"
import * as readline from "node:readline"

export type Input = { readonly _tag: "Line"; readonly text: string } | { readonly _tag: "Cancel" }

export interface Lines {
  /** Shows a prompt and waits for a line. Ends with `Done` after Ctrl-D. */
  readonly next: (prompt: string) => Effect.Effect<Input, Cause.Done>
  /** Succeeds when Ctrl-C is pressed. */
  readonly cancelled: Effect.Effect<void>
  /** The newest line first. */
  readonly history: () => ReadonlyArray<string>
}

export const open = (
  history: ReadonlyArray<string>,
  complete: (line: string) => Effect.Effect<readonly [ReadonlyArray<string>, string]>
) =>
  Effect.gen(function* () {
    const inputs = yield* Queue.unbounded<Input, Cause.Done>()
    let kept = history
    const reader = yield* Effect.acquireRelease(
      Effect.sync(() =>
        readline.createInterface({
          input: process.stdin,
          output: process.stdout,
          terminal: true,
          history: [...history],
          historySize: 1000,
          removeHistoryDuplicates: true,
          completer: (line: string, callback: (error: null, found: readline.CompleterResult) => void) => {
            Effect.runFork(Effect.map(complete(line), ([matches, word]) => callback(null, [[...matches], word])))
          }
        })
      ),
      (opened) => Effect.sync(() => opened.close())
    )
    reader.on("line", (text) => Queue.offerUnsafe(inputs, { _tag: "Line", text }))
    reader.on("history", (lines: ReadonlyArray<string>) => {
      kept = [...lines]
    })
    // while a statement runs, `cancelled` listens too and the key is meant for the statement
    reader.on("SIGINT", () => {
      if (reader.listenerCount("SIGINT") === 1) Queue.offerUnsafe(inputs, { _tag: "Cancel" })
    })
    reader.on("close", () => Queue.endUnsafe(inputs))
    return {
      next: (prompt) =>
        Effect.suspend(() => {
          reader.setPrompt(prompt)
          reader.prompt()
          return Queue.take(inputs)
        }),
      cancelled: Effect.callback((resume) => {
        const stop = () => resume(Effect.void)
        reader.once("SIGINT", stop)
        return Effect.sync(() => reader.off("SIGINT", stop))
      }),
      history: () => kept
    } satisfies Lines
  })
