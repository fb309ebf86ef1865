/** Writes the JSON response to a query in pieces. */
import type { Message } from "../../database.ts"
import { fromReport } from "../apiError.ts"
import { type Field, fields, type SpatialTypes } from "./fields.ts"
import { readNothing, type RowReader, rowReader } from "./rowReader.ts"

/** Converts the messages of a run to the text of a response. */
export interface AnswerWriter {
  readonly write: (messages: ReadonlyArray<Message>) => string
  /** Records an error that came after the first row. */
  readonly fail: (message: string) => void
  readonly end: (milliseconds: number) => string
}

const countOf = (command: string): number | undefined => {
  const count = /^(?:SELECT|INSERT|UPDATE|DELETE|MERGE|FETCH|MOVE|COPY)\b.* (\d+)$/.exec(command)?.[1]
  return count === undefined ? undefined : Number(count)
}

/** Creates the writer of a response. `skip` names columns to leave out. */
export const make = (spatial: SpatialTypes, skip: ReadonlySet<string>): AnswerWriter => {
  let described: Record<string, Field> = {}
  let read: RowReader = readNothing
  let separator = ""
  let rows = 0
  let opened = false
  let count: number | undefined
  let error: string | undefined
  const notices = new Map<string, Array<string>>()

  const handle = (message: Message): string => {
    switch (message._tag) {
      case "Columns":
        described = fields(message.columns, spatial, skip)
        read = rowReader(message.columns, skip)
        return ""
      case "Row": {
        const text = separator + JSON.stringify(read(message.values))
        separator = ","
        rows++
        return text
      }
      case "Complete":
        count = countOf(message.command) ?? count
        return ""
      case "Notice": {
        const kind = `${message.report.severity.toLowerCase()}s`
        const texts = notices.get(kind) ?? []
        notices.set(kind, texts)
        texts.push(message.report.message)
        return ""
      }
      case "Failure":
        error = fromReport(message.report).message
        return ""
      default:
        return ""
    }
  }
  const open = (): string => {
    if (opened) return ""
    opened = true
    return '{"rows":['
  }

  return {
    write: (messages) => {
      let text = open()
      for (const message of messages) text += handle(message)
      return text
    },
    fail: (message) => {
      error = message
    },
    end: (milliseconds) => {
      const trailer = {
        time: milliseconds / 1000,
        fields: described,
        // if a statement has no count or a count of 0, the rows of the response are counted
        total_rows: count || rows,
        ...(error === undefined ? {} : { error: [error] }),
        ...Object.fromEntries(notices)
      }
      return `${open()}],${JSON.stringify(trailer).slice(1)}`
    }
  }
}
