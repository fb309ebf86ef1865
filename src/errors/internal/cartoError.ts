import { CartoError, type CartoErrorOf, type CartoErrorReason } from "../CartoError.ts"

/** A `CartoError` whose type names its reason. */
export const cartoError = <Reason extends CartoErrorReason>(operation: string, reason: Reason): CartoErrorOf<Reason> =>
  new CartoError({ operation, reason })
