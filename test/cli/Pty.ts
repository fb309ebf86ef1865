/** A pseudo-terminal for a command, by util-linux' `script`. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"

/** Why there is no pseudo-terminal here; `undefined` where there is one. */
export const missing: string | undefined =
  process.platform === "linux" && spawnSync("script", ["--version"]).status === 0
    ? undefined
    : "no pseudo-terminal: the command `script` of util-linux is missing"

export interface Pty {
  readonly type: (text: string) => Effect.Effect<void>
  /** Waits until the text since the last match has the pattern; returns that text. */
  readonly until: (pattern: RegExp) => Effect.Effect<string>
  readonly exitCode: Effect.Effect<number>
  readonly output: () => string
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

export const open = (command: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn("script", ["--quiet", "--return", "--command", command.map(quoted).join(" "), "/dev/null"], {
        env: { ...env, TERM: "xterm", SHELL: "/bin/sh", COLUMNS: "100", LINES: "30" },
        stdio: ["pipe", "pipe", "pipe"]
      })
      let output = ""
      let matched = 0
      let wake = () => {}
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text
        wake()
      })
      const ended = new Promise<number>((resolve) => {
        child.on("close", (code) => {
          resolve(code ?? 1)
          wake()
        })
      })
      const until = (pattern: RegExp) =>
        Effect.callback<string>((resume) => {
          const look = () => {
            const text = output.slice(matched)
            const found = pattern.exec(text)
            if (found !== null) {
              matched += found.index + found[0].length
              resume(Effect.succeed(text.slice(0, found.index + found[0].length)))
            } else if (child.exitCode !== null) {
              resume(Effect.sync(() => assert.match(text, pattern) as never))
            }
          }
          wake = look
          look()
        }).pipe(
          Effect.timeoutOrElse({
            duration: "30 seconds",
            orElse: () =>
              Effect.sync(() => assert.fail(`${pattern} is not in ${JSON.stringify(output.slice(matched))}`))
          })
        )
      return {
        child,
        type: (text) => Effect.sync(() => void child.stdin.write(text)),
        until,
        exitCode: Effect.promise(() => ended),
        output: () => output
      } satisfies Pty & { readonly child: typeof child }
    }),
    ({ child }) =>
      Effect.sync(() => {
        child.kill("SIGKILL")
      })
  )
