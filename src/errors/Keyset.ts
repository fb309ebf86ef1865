/** Why a result cannot be read page by page with a row key. */
import { reasonClass, type ReasonClass } from "./internal/reasonClass.ts"

const named = (columns: ReadonlyArray<string>): string => columns.map((column) => `"${column}"`).join(", ")

const RowKeyNullBase: ReasonClass<
  "RowKeyNull",
  {
    /** The columns of the row key. */
    readonly columns: ReadonlyArray<string>
  }
> = reasonClass(
  "RowKeyNull",
  ({ columns }) => `rows are read by ${named(columns)}, and a row has NULL there: choose columns that are NOT NULL`
)
/** A row has NULL in a column of the row key, so it has no place in the order. */
export class RowKeyNull extends RowKeyNullBase {}

const RowKeyNotUniqueBase: ReasonClass<
  "RowKeyNotUnique",
  {
    /** The columns of the row key. */
    readonly columns: ReadonlyArray<string>
    /** The values that two rows share, as PostgreSQL writes them. */
    readonly key: ReadonlyArray<string>
  }
> = reasonClass(
  "RowKeyNotUnique",
  ({ columns, key }) =>
    `rows are read by ${named(columns)}, and two rows have (${key.join(", ")}) there: add a column that makes the row key unique`
)
/** Two rows have the same row key, so that one of them could be lost. */
export class RowKeyNotUnique extends RowKeyNotUniqueBase {}
