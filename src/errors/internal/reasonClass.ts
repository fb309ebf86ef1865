import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import { printable } from "./printable.ts"

/** The type of a reason's base class, written out so that declarations need no inference. `void` stands for no fields. `Fields`
 * is not mapped, since the editor shows no doc comments of mapped fields. */
export type ReasonClass<Tag extends string, Fields> = new (fields: Fields) => Cause.YieldableError & {
  readonly _tag: Tag
  /** Whether the same call may succeed later without any change. */
  readonly isRetryable: boolean
} & (Fields extends void ? {} : Fields)

/**
 * Makes the base class of a reason. Its message is what `say` returns, with control characters, bidi characters and the like as escapes.
 */
export function reasonClass<const Tag extends string, Fields>(
  tag: Tag,
  say: (fields: Fields) => string,
  isRetryable?: (fields: Fields) => boolean
): ReasonClass<Tag, Fields>
export function reasonClass(
  tag: string,
  say: (fields: unknown) => string,
  isRetryable?: (fields: unknown) => boolean
): unknown {
  return class extends Data.TaggedError(tag) {
    override get message(): string {
      return printable(say(this))
    }
    // a field called name would stand for the tag
    override toString(): string {
      return `${tag}: ${this.message}`
    }
    get isRetryable(): boolean {
      return isRetryable?.(this) ?? false
    }
  }
}
