import type * as Cause from "effect/Cause"

/** The type of a `Data.TaggedError` base class. Isolated declarations require it as an explicit annotation. */
export type ErrorClass<Tag extends string, Fields> = new (
  fields: Fields
) => Cause.YieldableError & { readonly _tag: Tag } & Readonly<Fields>
