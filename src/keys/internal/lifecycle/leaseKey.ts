/** Creates and deletes the keys of leases. */
import * as Clock from "effect/Clock"

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

import type { ApiKey } from "../../../account/ApiKey.ts"
import type { GrantsRequest } from "../../../account/Grants.ts"
import type { InvalidInput } from "../../../errors/Call.ts"
import type { CartoErrorOf } from "../../../errors/CartoError.ts"
import { cartoError } from "../../../errors/internal/cartoError.ts"
import { readDuration } from "../../../errors/internal/duration.ts"
import { refuse } from "../../../errors/internal/invalidInput.ts"
import { ApiKeyManager, type CreateReason, type TargetUserOptions } from "../../ApiKeyManager.ts"
import * as LeaseName from "./leaseName.ts"

/** What the key of a lease may do, and for how long. */
export interface LeaseRequest extends GrantsRequest, TargetUserOptions {
  readonly purpose: string
  readonly owner?: string | undefined
  readonly ttl?: Duration.Input | undefined
}

/** A key, and when it ends. */
export interface Lease {
  /** The key, with its token. */
  readonly key: ApiKey
  /** What the key is for. */
  readonly purpose: string
  /** Who holds it. */
  readonly owner: string
  /** When the lease ends. */
  readonly deadline: Date
}

const checkWord = (field: string, value: string): Result.Result<string, InvalidInput> =>
  typeof value === "string" && LeaseName.isWord(value)
    ? Result.succeed(value)
    : refuse(field, value, "give 1 to 40 of A-Z a-z 0-9 _ . -")

/** What a lease's name says besides when it ends, and how long the lease lives, in milliseconds. */
export const readLeaseRequest = ({
  owner = "effect-carto",
  purpose,
  ttl = "15 minutes"
}: Pick<LeaseRequest, "owner" | "purpose" | "ttl">): Result.Result<
  { readonly owner: string; readonly purpose: string; readonly ttl: number },
  InvalidInput
> =>
  Result.gen(function* () {
    return {
      purpose: yield* checkWord("purpose", purpose),
      owner: yield* checkWord("owner", owner),
      ttl: Duration.toMillis(yield* readDuration("ttl", ttl, { positive: true }))
    }
  })

/** Deletes the key of a lease. A failure is logged and left to `Lease.sweep`. */
export const deleteLease = (
  name: string,
  { targetUser }: TargetUserOptions
): Effect.Effect<void, never, ApiKeyManager> =>
  ApiKeyManager.use((keys) => keys.delete(name, { targetUser })).pipe(
    Effect.catchReason("CartoError", "ApiKeyNotFound", () => Effect.void),
    Effect.ignore({ log: "Warn", message: `the lease ${name} is left to Lease.sweep` })
  )

/** Reasons after which it is unknown whether the key exists. */
const isUncertain = ({ reason }: CartoErrorOf<CreateReason>): boolean =>
  reason._tag === "OutcomeUnknown" || reason._tag === "ResponseMalformed"

/** Creates the key of a lease. If it is unknown whether the key exists, deletes it and fails. */
export const createLease: (
  operation: string,
  request: LeaseRequest
) => Effect.Effect<Lease, CartoErrorOf<CreateReason>, ApiKeyManager> = Effect.fnUntraced(function* (
  operation: string,
  { owner, purpose, ttl, ...request }: LeaseRequest
) {
  const read = yield* Effect.mapError(Effect.fromResult(readLeaseRequest({ owner, purpose, ttl })), (reason) =>
    cartoError(operation, reason)
  )
  const now = yield* Clock.currentTimeMillis
  const fields = LeaseName.make({
    purpose: read.purpose,
    owner: read.owner,
    deadline: new Date(Math.ceil((now + read.ttl) / 1000) * 1000)
  })
  const name = LeaseName.format(fields)
  const key = yield* ApiKeyManager.use((keys) => keys.create({ ...request, name })).pipe(
    Effect.tapError((error) => (isUncertain(error) ? deleteLease(name, request) : Effect.void))
  )
  return { key, purpose: fields.purpose, owner: fields.owner, deadline: fields.deadline }
})
