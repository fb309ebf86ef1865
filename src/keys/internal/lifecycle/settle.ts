/**
 * The end of a replacement. Deleting a key cannot be undone, so it happens only after the decision is recorded, and directly
 * after a list that shows that the key which stays still exists with the token that was published.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../../account/ApiKey.ts"
import type { ApiKeyNotFound } from "../../../errors/AuthApi.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { quote } from "../../../errors/internal/printable.ts"
import { ReplacementOvertaken } from "../../../errors/Keys.ts"
import {
  ApiKeyManager,
  type AuthApiReason,
  type CreateOptions,
  type CreateReason,
  type DeleteReason,
  type TargetUserOptions
} from "../../ApiKeyManager.ts"
import { type Decision, decisionApis, type Family, readDecision, readFamily, type Replacement } from "./family.ts"
import * as Generation from "./generation.ts"

export type SettleReason = AuthApiReason | CreateReason | Exclude<DeleteReason, ApiKeyNotFound> | ReplacementOvertaken

/** Creates a key. If another process was faster, gets the key of that name. */
export const createOrGet = (
  options: CreateOptions
): Effect.Effect<ApiKey, CartoErrorOf<ApiKeyNotFound | CreateReason>, ApiKeyManager> =>
  ApiKeyManager.use((keys) =>
    keys
      .create(options)
      .pipe(
        Effect.catchReason("CartoError", "ApiKeyNameTaken", () =>
          keys.get(options.name, { targetUser: options.targetUser })
        )
      )
  )

/** Deletes keys. A key that does not exist any more is no failure. */
export const deleteAll = (
  operation: string,
  keys: ReadonlyArray<ApiKey | string>,
  { targetUser }: TargetUserOptions
): Effect.Effect<void, CartoErrorOf<Exclude<DeleteReason, ApiKeyNotFound>>, ApiKeyManager> =>
  ApiKeyManager.use((manager) =>
    Effect.forEach(
      keys,
      (key) =>
        manager
          .delete(key, { targetUser })
          .pipe(
            Effect.catch(({ reason }) =>
              reason._tag === "ApiKeyNotFound" ? Effect.void : Effect.fail(cartoError(operation, reason))
            )
          ),
      { discard: true }
    )
  )

/** The failure of a call whose key another caller has changed meanwhile. */
export const overtaken = (operation: string, name: string, change: string): CartoErrorOf<ReplacementOvertaken> =>
  cartoError(operation, new ReplacementOvertaken({ name, change }))

const isSame = (self: ApiKey, that: ApiKey): boolean => self.createdAt.getTime() === that.createdAt.getTime()

const changes = { stays: "stays", leaves: "is abandoned", deleted: "is deleted by a plan" } as const satisfies Readonly<
  Record<Decision, string>
>

/** Says how the keys of a family contradict a replacement; `undefined` if they do not. */
const contradiction = (
  { decisions, generations }: Family,
  { decision, subject, survivor }: Replacement
): string | undefined => {
  const found = generations.find(({ name }) => name === survivor.name)
  if (found === undefined || !isSame(found, survivor)) return `${quote(survivor.name)} is gone`
  if (Redacted.value(found.token) !== Redacted.value(survivor.token)) {
    return `${quote(survivor.name)} has a new token`
  }
  const decided = decisions.get(subject.name)
  if (decided !== undefined && decided !== decision) return `${quote(subject.name)} ${changes[decided]}`
  const next = decision === "leaves" ? generations.at(-1) : undefined
  return next !== undefined && generations.some(({ name }) => name === subject.name) && next.name !== subject.name
    ? `${quote(next.name)} was created`
    : undefined
}

/**
 * Records a decision, or finds that it is recorded already. Fails with `ReplacementOvertaken` if another decision is. Answers
 * `false` if the account's quota leaves no room for the record and `optional` is set: then no caller can record another.
 */
export const decide = (
  operation: string,
  generation: string,
  decision: Decision,
  { optional, targetUser }: TargetUserOptions & { readonly optional: boolean }
): Effect.Effect<boolean, CartoErrorOf<SettleReason>, ApiKeyManager> =>
  createOrGet({ name: Generation.formatDecision(generation), apis: decisionApis[decision], targetUser }).pipe(
    Effect.flatMap((key) => {
      const found = readDecision(key)
      return found === decision
        ? Effect.succeed(true)
        : Effect.fail(overtaken(operation, Generation.parse(generation).base, `${quote(generation)} ${changes[found]}`))
    }),
    Effect.catch((error): Effect.Effect<boolean, CartoErrorOf<SettleReason>, ApiKeyManager> => {
      const { reason } = error
      if (reason._tag === "ApiKeyQuotaReached" && optional) return Effect.succeed(false)
      // another caller has come to the end and deleted the record
      if (reason._tag === "ApiKeyNotFound") return decide(operation, generation, decision, { optional, targetUser })
      return Effect.fail(cartoError(operation, reason))
    })
  )

/** Deletes records of decisions that have been carried out. */
export const deleteOldRecords = (
  operation: string,
  family: Family,
  options: TargetUserOptions
): Effect.Effect<void, CartoErrorOf<SettleReason>, ApiKeyManager> => {
  const names = family.generations.map(({ name }) => name)
  const old = [...family.decisions].filter(
    ([name, decision]) => !names.includes(name) || (decision !== "deleted" && names.length === 1)
  )
  return deleteAll(
    operation,
    old.map(([name]) => Generation.formatDecision(name)),
    options
  )
}

/** Lists the family again, and fails with `ReplacementOvertaken` if it contradicts the replacement. */
export const checkAgain = (
  operation: string,
  replacement: Replacement,
  options: TargetUserOptions
): Effect.Effect<Family, CartoErrorOf<SettleReason>, ApiKeyManager> =>
  Effect.flatMap(readFamily(replacement.base, options), (family) => {
    const change = contradiction(family, replacement)
    return change === undefined
      ? Effect.succeed(family)
      : Effect.andThen(
          // a record that this call has just made may decide about a key that is gone
          deleteOldRecords(operation, family, options),
          Effect.fail(overtaken(operation, replacement.base, change))
        )
  })

/** Deletes the generations that leave. `publishAgain` runs before the last look at the account. */
export const settle = <E = never, R = never>(
  operation: string,
  replacement: Replacement,
  options: TargetUserOptions,
  publishAgain?: Effect.Effect<unknown, E, R> | undefined
): Effect.Effect<void, E | CartoErrorOf<SettleReason>, ApiKeyManager | R> =>
  Effect.gen(function* () {
    const { decision, leaving, subject } = replacement
    const present = ({ generations }: Family) =>
      leaving.filter((key) => generations.some((found) => found.name === key.name && isSame(found, key)))
    const before = yield* checkAgain(operation, replacement, options)
    if (present(before).length === 0) return yield* deleteOldRecords(operation, before, options)
    const recorded =
      before.decisions.has(subject.name) ||
      (yield* decide(operation, subject.name, decision, {
        targetUser: options.targetUser,
        optional: decision === "stays"
      }))
    if (publishAgain !== undefined) {
      yield* checkAgain(operation, replacement, options)
      yield* publishAgain
    }
    const now = yield* checkAgain(operation, replacement, options)
    if (recorded && !now.decisions.has(subject.name)) {
      // another caller has carried the decision out, or begun to
      return yield* settle(operation, replacement, options)
    }
    yield* deleteAll(operation, present(now), options)
    // the records of this decision and of earlier ones about keys that are gone
    const stay = new Set(now.generations.map(({ name }) => name))
    for (const { name } of [...leaving, subject]) stay.delete(name)
    const records = [...now.decisions.keys()].filter((name) => !stay.has(name))
    yield* deleteAll(operation, records.map(Generation.formatDecision), options)
  })
