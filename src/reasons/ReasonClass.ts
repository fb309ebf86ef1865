import type * as Cause from "effect/Cause"
import type * as Schema from "effect/Schema"

/** The type of a reason's base class: written out so that declarations need no inference. */
export type ReasonClass<Self, Tag extends string, Fields extends Schema.Struct.Fields> = Schema.Class<
  Self,
  Schema.TaggedStruct<Tag, Fields>,
  Cause.YieldableError
>
