/** What a batch job is made of, and the body of the request that creates it. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { InvalidInput } from "../../errors/Call.ts"
import { readDuration } from "../../errors/internal/duration.ts"
import { invalidInput, refuse } from "../../errors/internal/invalidInput.ts"
import { isObject } from "../../errors/internal/json.ts"
import { compile } from "./compile.ts"
import { isStatement, type Statement } from "../Statement.ts"

/**
 * A statement of a job, with its callbacks. The server replaces `<%= job_id %>` and `<%= error_message %>` in the text of
 * callbacks, but never in values. The error message is inserted as it is, quotes included: put it between dollar quotes,
 * `$reason$<%= error_message %>$reason$`.
 */
export interface JobStatement {
  /** The statement. */
  readonly query: Statement
  /** Runs after the query has succeeded. */
  readonly onsuccess?: Statement | undefined
  /** Runs after the query has failed. */
  readonly onerror?: Statement | undefined
  /** How long the query may run, at most the account's own limit. @default the account's limit, usually 12 hours */
  readonly timeout?: Duration.Input | undefined
  /** A name of your own, which the description of the job repeats. */
  readonly id?: string | undefined
}

/** Statements with callbacks for each, and for the whole job. */
export interface JobPlan {
  /** The statements in their order. */
  readonly query: ReadonlyArray<JobStatement>
  /** Runs after all queries have succeeded. */
  readonly onsuccess?: Statement | undefined
  /** Runs after a query has failed. */
  readonly onerror?: Statement | undefined
}

/** One text of SQL, a list of statements that ends at its first failure, or a plan with callbacks. */
export type JobInput = Statement | ReadonlyArray<Statement> | JobPlan

/** The server's limit, in characters of JSON. */
const maximum = 16_384

type Read<A> = Result.Result<A, InvalidInput>

const readStatement = (field: string, statement: Statement): Read<string> =>
  Result.mapError(compile(statement), (reason) => invalidInput(`${field}: ${reason.field}`, statement, reason.remedy))

const readCallback = (field: string, statement: Statement | undefined): Read<string | undefined> =>
  statement === undefined ? Result.succeed(undefined) : readStatement(field, statement)

const readTimeout = (field: string, timeout: Duration.Input | undefined): Read<number | undefined> =>
  timeout === undefined
    ? Result.succeed(undefined)
    : Result.flatMap(readDuration(field, timeout, { positive: true }), (duration) =>
        Duration.toMillis(duration) >= 1
          ? Result.succeed(Duration.toMillis(duration))
          : refuse(field, timeout, "give a duration of at least 1 ms")
      )

const readItem = (field: string, item: JobStatement): Read<unknown> =>
  Result.gen(function* () {
    if (!isObject(item)) return yield* refuse(field, item, "give an object with a query")
    const { id, onerror, onsuccess, query, timeout } = item
    return {
      query: yield* readStatement(`${field}.query`, query),
      onsuccess: yield* readCallback(`${field}.onsuccess`, onsuccess),
      onerror: yield* readCallback(`${field}.onerror`, onerror),
      timeout: yield* readTimeout(`${field}.timeout`, timeout),
      id: id === undefined || typeof id === "string" ? id : yield* refuse(`${field}.id`, id, "give a string")
    }
  })

const isList = (input: JobInput): input is ReadonlyArray<Statement> => Array.isArray(input)

const readAll = <A>(
  list: ReadonlyArray<A> | undefined,
  read: (field: string, item: A) => Read<unknown>
): Read<ReadonlyArray<unknown>> =>
  Array.isArray(list) && list.length > 0
    ? Result.all(Array.from(list, (item: A, index) => read(`query[${index}]`, item)))
    : refuse("query", list, "give a job one statement or more; the server would keep an empty one waiting forever")

const readQuery = (input: JobInput): Read<unknown> =>
  Result.gen(function* () {
    if (isStatement(input)) return yield* readStatement("query", input)
    if (isList(input)) return yield* readAll(input, readStatement)
    const { onerror, onsuccess, query }: Partial<JobPlan> = input ?? {}
    return {
      query: yield* readAll(query, readItem),
      onsuccess: yield* readCallback("onsuccess", onsuccess),
      onerror: yield* readCallback("onerror", onerror)
    }
  })

/** The body of the request that creates a job. */
export const readJobInput = (input: JobInput): Read<{ readonly query: unknown }> =>
  Result.flatMap(readQuery(input), (query) => {
    const { length } = JSON.stringify({ query })
    return length > maximum
      ? refuse("query", length, `a job has at most ${maximum} characters of JSON; to import data use CopySql`)
      : Result.succeed({ query })
  })
