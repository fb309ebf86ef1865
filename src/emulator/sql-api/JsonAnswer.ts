/** Writes the JSON answer to a query, piece by piece. */
import type { Column, Message } from "../Database.ts"
import { fromReport } from "./ApiError.ts"
import { type Field, fields, type SpatialTypes } from "./Fields.ts"
import { type Decoder, decoder, type Json } from "./Values.ts"

/** Turns a run's messages into the text of an answer. */
export interface AnswerWriter {
  readonly write: (messages: ReadonlyArray<Message>) => string
  /** Notes an error that came after the first row. */
  readonly fail: (message: string) => void
  readonly end: (milliseconds: number) => string
}

interface RowColumn {
  readonly name: string
  readonly index: number
  readonly decode: Decoder
}

const rowColumns = (columns: ReadonlyArray<Column>, skip: ReadonlySet<string>): ReadonlyArray<RowColumn> =>
  columns
    .map(({ name, typeId }, index) => ({ name, index, decode: decoder(typeId) }))
    .filter(({ name }) => name !== "__proto__" && !skip.has(name))

/** The values of a row by column name. Of equal names the last wins. */
export const rowReader = (
  columns: ReadonlyArray<Column>,
  skip: ReadonlySet<string>
): ((values: ReadonlyArray<string | null>) => Record<string, Json>) => {
  const wanted = rowColumns(columns, skip)
  return (values) => {
    const row: Record<string, Json> = {}
    for (const { decode, index, name } of wanted) {
      const text = values[index]
      row[name] = text === null || text === undefined ? null : decode(text)
    }
    return row
  }
}

const countOf = (command: string): number | undefined => {
  const count = /^(?:SELECT|INSERT|UPDATE|DELETE|MERGE|FETCH|MOVE|COPY)\b.* (\d+)$/.exec(command)?.[1]
  return count === undefined ? undefined : Number(count)
}

/** Starts an answer. `skip` names columns to leave out. */
export const make = (spatial: SpatialTypes, skip: ReadonlySet<string>): AnswerWriter => {
  let described: Record<string, Field> = {}
  let read = rowReader([], skip)
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
        total_rows: count ?? (error === undefined ? 0 : rows),
        ...(error === undefined ? {} : { error: [error] }),
        ...Object.fromEntries(notices)
      }
      return `${open()}],${JSON.stringify(trailer).slice(1)}`
    }
  }
}
