import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { BatchSql, type Job } from "../../sql/BatchSql.ts"
import { sql } from "../../sql/Statement.ts"
import { readDuration, withAccount } from "../account/account.ts"
import { failed, usage } from "../failure.ts"
import { readText } from "../io/files.ts"
import { message } from "../terminal/message.ts"
import { presentItem } from "../terminal/present.ts"

const described = (job: Job) => ({
  id: job.id,
  status: job.status,
  created: job.createdAt.toISOString(),
  updated: job.updatedAt?.toISOString(),
  failedReason: job.failedReason
})

const statement = Argument.String("statement").pipe(
  Argument.withDescription("The SQL of the job; - for stdin"),
  Argument.optional
)
const file = Flag.String("file").pipe(
  Flag.withAlias("f"),
  Flag.withMetavar("FILE"),
  Flag.withDescription("A file with the SQL of the job"),
  Flag.optional
)
const id = Argument.String("id").pipe(Argument.withDescription("Id of the job"))
const deadline = Flag.String("deadline").pipe(
  Flag.withMetavar("DURATION"),
  Flag.withDescription("How long to wait at most (default: 13h)"),
  Flag.withDefault("13h")
)

const inputOf = Effect.fnUntraced(function* (argument: Option.Option<string>, from: Option.Option<string>) {
  const text = Option.isSome(from)
    ? yield* readText(from.value)
    : Option.isNone(argument)
      ? yield* usage("give the SQL of the job, or --file FILE")
      : argument.value === "-"
        ? yield* readText("-")
        : argument.value
  return sql.unsafe(text)
})

/** Says each change of a job on stderr; ends with the job, or fails if it did not succeed. */
const follow = (job: Job, limit: string) =>
  Effect.gen(function* () {
    const batch = yield* BatchSql
    const last = yield* Stream.runFold(
      Stream.tap(batch.watch(job, { deadline: readDuration(limit) }), ({ id: jobId, status }) =>
        message(`${jobId} ${status}`)
      ),
      () => job,
      (_, next) => next
    )
    yield* presentItem(described(last))
    if (last.status !== "done") return yield* failed(`the job ${last.id} ended as ${last.status}`)
  })

const create = Command.make(
  "create",
  { statement, file },
  Effect.fnUntraced(function* (input) {
    const query = yield* inputOf(input.statement, input.file)
    yield* presentItem(described(yield* withAccount(BatchSql.use((batch) => batch.create(query)))))
  })
).pipe(
  Command.withDescription("Queue a job"),
  Command.withExamples([
    { command: "effect-carto jobs create 'ANALYZE tornadoes'", description: "Prints the id of the job" }
  ])
)

const run = Command.make(
  "run",
  { statement, file, deadline },
  Effect.fnUntraced(function* (input) {
    const query = yield* inputOf(input.statement, input.file)
    yield* withAccount(
      Effect.gen(function* () {
        const batch = yield* BatchSql
        const job = yield* batch.create(query)
        yield* Effect.onInterrupt(follow(job, input.deadline), () =>
          Effect.andThen(message(`Canceling ${job.id}.`), Effect.ignore(batch.cancel(job)))
        )
      })
    )
  })
).pipe(
  Command.withDescription("Queue a job and wait for its end; Ctrl-C cancels the job"),
  Command.withExamples([
    { command: "effect-carto jobs run 'ANALYZE tornadoes'", description: "Each change of status is on stderr" }
  ])
)

const get = Command.make(
  "get",
  { id },
  Effect.fnUntraced(function* (input) {
    yield* presentItem(described(yield* withAccount(BatchSql.use((batch) => batch.get(input.id)))))
  })
).pipe(
  Command.withDescription("Show a job"),
  Command.withExamples([{ command: "effect-carto jobs get ID", description: "Its status now" }])
)

const wait = Command.make(
  "wait",
  { id, deadline },
  Effect.fnUntraced(function* (input) {
    yield* withAccount(
      Effect.flatMap(
        BatchSql.use((batch) => batch.get(input.id)),
        (job) => follow(job, input.deadline)
      )
    )
  })
).pipe(
  Command.withDescription("Wait for the end of a job"),
  Command.withExamples([{ command: "effect-carto jobs wait ID --deadline 1h", description: "At most an hour" }])
)

const cancel = Command.make(
  "cancel",
  { id },
  Effect.fnUntraced(function* (input) {
    yield* presentItem(described(yield* withAccount(BatchSql.use((batch) => batch.cancel(input.id)))))
  })
).pipe(
  Command.withDescription("Cancel a job that waits or runs"),
  Command.withExamples([{ command: "effect-carto jobs cancel ID", description: "Its changes are undone" }])
)

/** `effect-carto jobs` */
export const jobs = Command.make("jobs").pipe(
  Command.withDescription("Batch jobs: long statements that run in the background"),
  Command.withSubcommands([run, create, get, wait, cancel])
)
