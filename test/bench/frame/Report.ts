/** What a benchmark returns: tables of quantities, each measured several times. */
import * as Schema from "effect/Schema"

/** The values of one measurement, one for each round. */
export const Quantity = Schema.Struct({
  unit: Schema.String,
  values: Schema.Array(Schema.Finite),
  /** Whether a smaller value is better. */
  lessIsBetter: Schema.Boolean
})
export type Quantity = typeof Quantity.Type

export const Row = Schema.Struct({ name: Schema.String, cells: Schema.Record(Schema.String, Quantity) })
export type Row = typeof Row.Type

export const Table = Schema.Struct({
  title: Schema.String,
  /** The row that all others are divided by. */
  baseline: Schema.optionalKey(Schema.String),
  rows: Schema.Array(Row)
})
export type Table = typeof Table.Type

export const Report = Schema.Struct({
  tables: Schema.Array(Table),
  /** What went wrong other than by its time, such as a failed call: each entry makes the command fail. */
  failures: Schema.Array(Schema.String)
})
export type Report = typeof Report.Type

/** A quantity whose smaller values are better, such as a time. */
export const less = (unit: string, ...values: ReadonlyArray<number>): Quantity => ({ unit, values, lessIsBetter: true })

/** A quantity whose larger values are better, such as a throughput. */
export const more = (unit: string, ...values: ReadonlyArray<number>): Quantity => ({
  unit,
  values,
  lessIsBetter: false
})
