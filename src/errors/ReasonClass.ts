import type * as Cause from "effect/Cause"

/** The type of a reason's base class: written out so that declarations need no inference. `void` stands for no fields. `Fields`
 * is not mapped, since the editor shows no doc comments of mapped fields. */
export type ReasonClass<Tag extends string, Fields> = new (
  fields: Fields
) => Cause.YieldableError & { readonly _tag: Tag } & (Fields extends void ? {} : Fields)
