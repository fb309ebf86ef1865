import type * as Cause from "effect/Cause"

/** The type of a `Data.TaggedError` base, written out because exported classes need one that can be read off. */
export type ErrorClass<Tag extends string, Fields> = new (
  fields: Fields
) => Cause.YieldableError & { readonly _tag: Tag } & Readonly<Fields>
