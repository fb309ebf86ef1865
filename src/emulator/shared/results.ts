/** The result of one request's messages: its rows, or its failure. */
import * as Effect from "effect/Effect"
import { type Column, DatabaseError, type Message, type Report } from "../database.ts"

/** Rows by column name. Values are PostgreSQL's text. */
export type Rows = ReadonlyArray<Readonly<Record<string, string | null>>>

/** The rows of the last result. */
export const lastRows = (messages: ReadonlyArray<Message>): Rows => {
  let columns: ReadonlyArray<Column> = []
  let rows: Array<Readonly<Record<string, string | null>>> = []
  for (const message of messages) {
    if (message._tag === "Columns") {
      columns = message.columns
      rows = []
    }
    if (message._tag === "Row") {
      rows.push(Object.fromEntries(columns.map(({ name }, index) => [name, message.values[index] ?? null])))
    }
  }
  return rows
}

/** The PostgreSQL error in the messages, if there is one. */
export const failureOf = (messages: ReadonlyArray<Message>): Report | undefined =>
  messages.find((message) => message._tag === "Failure")?.report

/** Fails with `DatabaseError` if PostgreSQL refused a statement. */
export const refuseFailure = (
  messages: ReadonlyArray<Message>,
  statement: string
): Effect.Effect<void, DatabaseError> => {
  const failure = failureOf(messages)
  return failure === undefined ? Effect.void : Effect.fail(new DatabaseError({ ...failure, statement }))
}
