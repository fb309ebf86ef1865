/** Why a result cannot be read by key. */
import * as Data from "effect/Data"
import type { ReasonClass } from "./ReasonClass.ts"

const named = (columns: ReadonlyArray<string>): string => columns.map((column) => `"${column}"`).join(", ")

const RowKeyNullBase: ReasonClass<"RowKeyNull", { readonly columns: ReadonlyArray<string> }> =
  Data.TaggedError("RowKeyNull")
/** A row has NULL in a column of the key: it has no place in the order, and would be lost. */
export class RowKeyNull extends RowKeyNullBase {
  override get message(): string {
    return `rows are read by ${named(this.columns)}, where one of them has NULL`
  }
}

const RowKeyNotUniqueBase: ReasonClass<
  "RowKeyNotUnique",
  { readonly columns: ReadonlyArray<string>; readonly key: ReadonlyArray<string> }
> = Data.TaggedError("RowKeyNotUnique")
/** Two rows have the same key, whose values are in `key` as PostgreSQL writes them: the second could be lost. */
export class RowKeyNotUnique extends RowKeyNotUniqueBase {
  override get message(): string {
    return `rows are read by ${named(this.columns)}, and two of them have (${this.key.join(", ")}) there`
  }
}
