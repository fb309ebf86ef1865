/** The SQL shell: `effect-carto sql` on a terminal. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ApiKey } from "../../account/ApiKey.ts"
import { Auth } from "../../account/Auth.ts"
import { isCartoError } from "../../errors/CartoError.ts"
import { printable } from "../../errors/internal/printable.ts"
import { ApiKeyManager } from "../../keys/ApiKeyManager.ts"
import { Sql } from "../../sql/Sql.ts"
import { sql, type Statement } from "../../sql/Statement.ts"
import { readDuration } from "../account/account.ts"
import { listColumns, listed } from "../commands/keys/shared/describe.ts"
import { parseName } from "../grants.ts"
import { splitStatements } from "../statements.ts"
import { presentItems } from "../terminal/present.ts"
import { presentResult } from "../terminal/result.ts"
import { complete } from "./complete.ts"
import * as Describe from "./describe.ts"
import * as History from "./history.ts"
import * as Lines from "./lines.ts"
import { markError } from "./markError.ts"

const help = `Statements end with a semicolon. Ctrl-C cancels, Ctrl-D leaves.
  \\d            tables and views
  \\d NAME       columns and indexes of a table
  \\dt           tables and views
  \\du           API keys
  \\key NAME     continue under another key; without NAME, under the first one
  \\timing       show how long statements take
  \\x            show rows as lists of columns
  \\watch [TIME] repeat the last statement, every 2 seconds by default
  \\q            leave
  \\?            this help`

interface State {
  key: ApiKey | undefined
  timing: boolean
  expanded: boolean
  last: string | undefined
}

interface Names {
  tables: ReadonlySet<string>
  columns: ReadonlySet<string>
  keys: ReadonlyArray<string>
}

/** Names for completion. A key that may not list keys completes no keys. */
const loadNames = Effect.fnUntraced(
  function* (role: string) {
    const { rows } = yield* Sql.use((db) => db.query(Describe.names(role)))
    const keys = yield* Effect.orElseSucceed(
      ApiKeyManager.use((manager) => manager.list()),
      () => []
    )
    return {
      tables: new Set(rows.map((row) => String(row["table"]))),
      columns: new Set(rows.map((row) => String(row["column"]))),
      keys: keys.map(({ name }) => name)
    } satisfies Names
  },
  Effect.orElseSucceed((): Names => ({ tables: new Set(), columns: new Set(), keys: [] }))
)

const sayFailure = (statement: string, failure: unknown): Effect.Effect<void> => {
  const message = isCartoError(failure)
    ? failure.reason.message
    : failure instanceof Error
      ? failure.message
      : String(failure)
  const place = markError(statement, message)
  return Console.error(
    `ERROR: ${printable(message)}${place === undefined ? "" : `\n${place.split("\n").map(printable).join("\n")}`}`
  )
}

export const shell = Effect.fnUntraced(function* ({ maxRows }: { readonly maxRows: number }) {
  const { username } = yield* Auth
  const state: State = { key: undefined, timing: false, expanded: false, last: undefined }
  let names: Names = { tables: new Set(), columns: new Set(), keys: [] }
  const loaded = yield* Deferred.make<void>()
  const underKey = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => (state.key === undefined ? effect : Auth.withApiKey(effect, state.key)))
  const role = underKey(Sql.use((db) => db.query(Describe.role))).pipe(
    Effect.map(({ rows }) => String(rows[0]?.["role"]))
  )
  const refresh = role.pipe(
    Effect.flatMap(loadNames),
    Effect.map((found) => {
      names = found
    }),
    Effect.ignore,
    Effect.andThen(Deferred.succeed(loaded, undefined))
  )

  const show = Effect.fnUntraced(function* (statement: Statement) {
    const result = yield* Sql.use((db) => db.query(statement))
    yield* presentResult(result, { maxRows, expanded: state.expanded, paged: false })
  })
  const run = Effect.fnUntraced(function* (text: string) {
    const started = yield* Clock.currentTimeMillis
    yield* underKey(show(sql.unsafe(text)))
    if (state.timing) yield* Console.error(`Time: ${(yield* Clock.currentTimeMillis) - started} ms`)
  })

  const describeTable = Effect.fnUntraced(function* (text: string) {
    const [first, second] = parseName(text) ?? []
    if (first === undefined) return yield* Console.error(`"${printable(text)}" is not a table's name`)
    const [schema, name] = second === undefined ? [undefined, first] : [first, second]
    const { rows } = yield* Sql.use((db) => db.query(Describe.columns(schema, name)))
    if (rows.length === 0) return yield* Console.error(`there is no table "${printable(text)}"`)
    yield* show(Describe.columns(schema, name))
    yield* show(Describe.indexes(schema, name))
  })

  const useKey = Effect.fnUntraced(function* (name: string) {
    state.key = name === "" ? undefined : yield* ApiKeyManager.use((keys) => keys.get(name))
    yield* refresh
    yield* Console.error(`The shell continues under ${name === "" ? "the first key" : `"${printable(name)}"`}.`)
  })

  const watch = Effect.fnUntraced(function* (every: string) {
    const { last } = state
    if (last === undefined) return yield* Console.error("there is no statement to repeat yet")
    const pause = Duration.fromInput(readDuration(every === "" ? "2s" : every))
    if (pause._tag === "None") return yield* Console.error(`"${printable(every)}" is not a time such as 5s`)
    return yield* Effect.forever(Effect.andThen(run(last), Effect.sleep(pause.value)))
  })

  /** Whether the shell goes on. */
  const meta = Effect.fnUntraced(function* (line: string) {
    const [, command = "", argument = ""] = /^(\\\S*)\s*(.*?)[\s;]*$/.exec(line) ?? []
    switch (command) {
      case "\\q":
        return false
      case "\\?":
        yield* Console.log(help)
        return true
      case "\\x":
        state.expanded = !state.expanded
        yield* Console.error(`Expanded display is ${state.expanded ? "on" : "off"}.`)
        return true
      case "\\timing":
        state.timing = !state.timing
        yield* Console.error(`Timing is ${state.timing ? "on" : "off"}.`)
        return true
      case "\\d":
      case "\\dt":
        yield* command === "\\d" && argument !== "" ? describeTable(argument) : show(Describe.relations(yield* role))
        return true
      case "\\du": {
        const keys = yield* underKey(ApiKeyManager.use((manager) => manager.list({ order: "name" })))
        yield* presentItems(
          keys.map((key) => listed(key, false)),
          listColumns(false)
        )
        return true
      }
      case "\\key":
        yield* useKey(argument)
        return true
      case "\\watch":
        yield* watch(argument)
        return true
      default:
        yield* Console.error(`there is no command ${printable(command)}; \\? lists the commands`)
        return true
    }
  })

  yield* Effect.scoped(
    Effect.gen(function* () {
      const lines = yield* Lines.open(yield* History.load, (line) =>
        // the first tab may come before the names
        Effect.map(Deferred.await(loaded), () => complete(line, names))
      )
      yield* Effect.addFinalizer(() => Effect.suspend(() => History.save(lines.history())))
      yield* Effect.forkScoped(refresh)
      yield* Console.error(`Connected to ${username}. \\? lists the commands.`)
      /** Runs an effect that Ctrl-C cancels, and reports its failure; then the result is `undefined`. */
      const cancellable = <A, E, R>(
        text: string,
        effect: Effect.Effect<A, E, R>
      ): Effect.Effect<A | undefined, never, R> =>
        Effect.raceFirst(
          effect,
          Effect.andThen(lines.cancelled, Effect.as(Console.error("Canceled."), undefined))
        ).pipe(Effect.catchCause((cause) => Effect.as(sayFailure(text, Cause.squash(cause)), undefined)))
      let buffer = ""
      let open = true
      while (open) {
        const name = state.key === undefined ? username : `${username}:${printable(state.key.name)}`
        const input = yield* lines.next(buffer === "" ? `${name}=> ` : `${name}-> `)
        if (input._tag === "Cancel") {
          if (buffer === "") yield* Console.error("Ctrl-D or \\q leaves.")
          buffer = ""
          continue
        }
        if (input.text.trimStart().startsWith("\\") && !splitStatements(buffer).quoted) {
          open = (yield* cancellable("", meta(input.text.trim()))) !== false
          continue
        }
        buffer = buffer === "" ? input.text : `${buffer}\n${input.text}`
        const { open: unfinished, statements } = splitStatements(buffer)
        const ready = unfinished ? statements.slice(0, -1) : statements
        for (const text of ready) {
          state.last = text
          yield* cancellable(text, run(text))
        }
        if (ready.some((text) => /^\s*(?:create|drop|alter)\b/i.test(text))) yield* Effect.forkScoped(refresh)
        buffer = unfinished ? (statements.at(-1) ?? "") : ""
      }
    }).pipe(Effect.catchTag("Done", () => Effect.void))
  )
})
