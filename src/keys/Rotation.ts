/**
 * Replaces a key by one with the same grants, so that consumers always have a key that works: create, publish, verify, wait,
 * delete the old one. The names count generations: `tiles` is followed by `tiles~2`, then by `tiles~3`. What is under way
 * stands in the names, so any call continues what an earlier one began.
 *
 * `ApiKeyManager.regenerate` is for emergencies: it keeps the name, and the old token stops working at once.
 * @module
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ApiKey } from "../account/ApiKey.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { quote } from "../errors/internal/printable.ts"
import type { Sql } from "../sql/Sql.ts"
import type { ApiKeyManager, TargetUserOptions } from "./ApiKeyManager.ts"
import type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"
import { type Replacement, replacementOf } from "./internal/lifecycle/family.ts"
import * as Generation from "./internal/lifecycle/generation.ts"
import {
  checkOptions,
  checkSuccessor,
  finishReplacement,
  type HandOverOptions,
  introduce,
  type OwnedTablesOptions
} from "./internal/lifecycle/replaceKey.ts"
import { decide, deleteOldRecords, overtaken } from "./internal/lifecycle/settle.ts"
import {
  type CurrentReason,
  type Failure,
  find,
  findFamily,
  start,
  type SuccessorOptions
} from "./internal/lifecycle/startRotation.ts"

export { KeyOwnsTables, ReplacementOvertaken, SuccessorLacksGrants } from "../errors/Keys.ts"
export type { TargetOptions } from "./internal/lifecycle/exactGrants.ts"
export type { HandOverOptions, OwnedTablesOptions, ReplacementReason } from "./internal/lifecycle/replaceKey.ts"
export type { CurrentReason, RotateReason, SuccessorOptions } from "./internal/lifecycle/startRotation.ts"

/** Options of {@link rotate} and {@link resume}. */
export interface RotateOptions<E, R> extends HandOverOptions<E, R>, SuccessorOptions {}

/** The name that a key shares with its other generations: `tiles` for `tiles`, `tiles~2` and `tiles~3`. Consumers store the token under it. */
export const baseName = (name: string): string => Generation.parse(name).base

/**
 * Finds the key in use of a name: its newest generation, or the one before if the newest is being abandoned. Fails with
 * `ApiKeyNotFound`. `GET /api/v3/api_keys`.
 */
export const current = (
  name: string,
  options: TargetUserOptions = {}
): Effect.Effect<ApiKey, CartoErrorOf<CurrentReason>, ApiKeyManager> =>
  Effect.map(
    findFamily("Rotation.current", name, options),
    ({ family, newest }) => replacementOf(family)?.survivor ?? newest
  ).pipe(Effect.withSpan("Rotation.current"))

const introduceProven = <E, R>(
  operation: string,
  replacement: Replacement,
  options: HandOverOptions<E, R> & TargetOptions
): Effect.Effect<Replacement, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.andThen(
    replacement.decision === "stays" ? checkSuccessor(operation, replacement, options) : Effect.void,
    introduce(operation, replacement, options)
  )

const end = <E = never, R = never>(
  operation: string,
  replacement: Replacement,
  options: OwnedTablesOptions & TargetOptions & Partial<HandOverOptions<E, R>>
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.andThen(
    replacement.decision === "stays" ? checkSuccessor(operation, replacement, options) : Effect.void,
    finishReplacement(operation, replacement, options, options.publish)
  )

/** Publishes, proves, waits and deletes. */
const complete = <E, R>(
  operation: string,
  replacement: Replacement,
  options: RotateOptions<E, R>,
  grace: Duration.Duration
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  replacement.leaving.length === 0
    ? Effect.succeed(replacement.survivor)
    : introduceProven(operation, replacement, options).pipe(
        Effect.tap(() => Effect.sleep(grace)),
        Effect.flatMap((introduced) => end(operation, introduced, options))
      )

/**
 * Does the first half of a rotation, for a durable workflow that waits by itself: creates the next generation, publishes and
 * proves it. Answers with the new key; if that was begun already, with the same one.
 */
export const begin = <E = never, R = never>(
  key: string | ApiKey,
  options: Omit<RotateOptions<E, R>, "grace">
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    yield* checkOptions("Rotation.begin", options, options)
    const replacement = yield* start("Rotation.begin", key, options)
    if (replacement.leaving.length === 0) return replacement.survivor
    return (yield* introduceProven("Rotation.begin", replacement, options)).survivor
  }).pipe(Effect.withSpan("Rotation.begin"))

/**
 * Does the second half: deletes the older generations. Call it when the new key has been published for long enough. Fails with
 * `ReplacementOvertaken` if the new key is being abandoned.
 */
export const finish = (
  key: string | ApiKey,
  options: OwnedTablesOptions & TargetOptions = {}
): Effect.Effect<ApiKey, Failure, ApiKeyManager | Sql> =>
  checkOptions("Rotation.finish", options).pipe(
    Effect.andThen(find("Rotation.finish", key, options)),
    Effect.flatMap(({ family, replacement }) =>
      // no caller has reported that the key before it is published
      replacement.decision === "leaves"
        ? Effect.fail(overtaken("Rotation.finish", family.base, `${quote(replacement.subject.name)} is abandoned`))
        : end("Rotation.finish", replacement, options)
    ),
    Effect.withSpan("Rotation.finish")
  )

/**
 * Replaces a key, and answers with the new one after the old one is deleted. Needs the master key. With a base name the
 * newest generation is replaced. With a key, or the full name of a generation, the call is safe to repeat until it succeeds:
 * a key that was replaced already is not replaced again. If a rotation or an `abandon` is under way, this call completes it
 * instead, and answers with the key that stays.
 *
 * Fails with `KeyOwnsTables` if the old key owns tables, unless `ownedTables` says what to do; with `ReplacementOvertaken` if
 * another caller abandons, regenerates or deletes the key that this call has published.
 */
export const rotate = <E = never, R = never>(
  key: string | ApiKey,
  options: RotateOptions<E, R>
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const grace = yield* checkOptions("Rotation.rotate", options, options)
    const replacement = yield* start("Rotation.rotate", key, options)
    return yield* complete("Rotation.rotate", replacement, options, grace)
  }).pipe(Effect.withSpan("Rotation.rotate"))

/** Completes a rotation or an `abandon` that is under way, from publication on. Does nothing if there is none. */
export const resume = <E = never, R = never>(
  key: string | ApiKey,
  options: RotateOptions<E, R>
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const grace = yield* checkOptions("Rotation.resume", options, options)
    const { family, replacement } = yield* find("Rotation.resume", key, options)
    if (replacement.leaving.length === 0) yield* deleteOldRecords("Rotation.resume", family, options)
    return yield* complete("Rotation.resume", replacement, options, grace)
  }).pipe(Effect.withSpan("Rotation.resume"))

/**
 * Gives up a rotation that is under way, if the new key turned out wrong: publishes the generation before it, waits, and
 * deletes the newest. Answers with the key that stays; if no rotation is under way, with the only one. The intention is
 * recorded first, as a key without rights named `tiles~2~decided`, so that a rotation which still waits gives way. Needs room
 * for that key.
 *
 * Fails with `ReplacementOvertaken` if a rotation has begun to delete the older generations.
 */
export const abandon = <E = never, R = never>(
  key: string | ApiKey,
  options: Omit<RotateOptions<E, R>, "verify">
): Effect.Effect<ApiKey, E | Failure, ApiKeyManager | R | Sql> =>
  Effect.gen(function* () {
    const grace = yield* checkOptions("Rotation.abandon", options, options)
    const found = yield* find("Rotation.abandon", key, options)
    const survivor = found.replacement.leaving.findLast(({ name }) => !Generation.isPlaceholder(name))
    if (found.replacement.decision === "leaves") {
      return yield* complete("Rotation.abandon", found.replacement, options, grace)
    }
    if (survivor === undefined) {
      return yield* Effect.as(deleteOldRecords("Rotation.abandon", found.family, options), found.newest)
    }
    const replacement: Replacement = {
      base: found.family.base,
      decision: "leaves",
      subject: found.newest,
      survivor,
      leaving: [found.newest]
    }
    yield* decide("Rotation.abandon", found.newest.name, "leaves", { targetUser: options.targetUser, optional: false })
    return yield* complete("Rotation.abandon", replacement, options, grace)
  }).pipe(Effect.withSpan("Rotation.abandon"))
