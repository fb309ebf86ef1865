/**
 * The one error of this library. `operation` is the method that failed, `reason` is why: a tagged error of its own, which
 * `Effect.catchReason("CartoError", "RateLimited", …)` catches by its tag.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import { hasProperty } from "effect/Predicate"
import type * as AuthApi from "./AuthApi.ts"
import type * as Call from "./Call.ts"
import type * as Copy from "./Copy.ts"
import type * as Job from "./Job.ts"
import type * as Keys from "./Keys.ts"
import type * as Keyset from "./Keyset.ts"
import type * as SqlApi from "./SqlApi.ts"

export * from "./AuthApi.ts"
export * from "./Call.ts"
export * from "./Copy.ts"
export * from "./Job.ts"
export * from "./Keys.ts"
export * from "./Keyset.ts"
export * from "./SqlApi.ts"

/** Every reason. A method's type names those with which it can fail. */
export type CartoErrorReason = typeof AuthApi &
  typeof Call &
  typeof Copy &
  typeof Job &
  typeof Keys &
  typeof Keyset &
  typeof SqlApi extends infer Exports
  ? {
      [Name in keyof Exports]: Exports[Name] extends new (fields: never) => infer Reason ? Reason : never
    }[keyof Exports]
  : never

const TypeId = "~effect-carto/CartoError"

interface Fields<Reason> {
  /** The method that failed: `Sql.query`. */
  readonly operation: string
  /** Why it failed. */
  readonly reason: Reason
}

const CartoErrorBase: new <Reason>(
  fields: Fields<Reason>
) => Cause.YieldableError & Fields<Reason> & { readonly _tag: "CartoError" } = Data.TaggedError("CartoError")

/** The one error of this library: the method that failed, and the reason. */
export class CartoError<Reason extends CartoErrorReason = CartoErrorReason> extends CartoErrorBase<Reason> {
  /** Marks errors of every copy of this library. */
  get "~effect-carto/CartoError"(): true {
    return true
  }
  /** The method, what happened, and what to do. */
  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }
  /** The reason, so that printed errors show it. */
  override get cause(): unknown {
    return this.reason
  }
  /** Whether the same call may succeed later without any change. Does not say whether a write took place. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  /** The time that the server asks to wait, if it does. */
  get retryAfter(): Duration.Duration | undefined {
    const reason: CartoErrorReason = this.reason
    return reason._tag === "RateLimited" ? reason.retryAfter : undefined
  }
}

/** A `CartoError` whose reason is one of `Reason`. */
export type CartoErrorOf<Reason extends CartoErrorReason> = CartoError<Reason>

/** Recognizes a `CartoError`, also one of another copy of this library. */
export const isCartoError = (u: unknown): u is CartoError => hasProperty(u, TypeId)
