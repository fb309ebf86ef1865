/** Operations that create, change or delete a key. */
import type { Incoming } from "../Http.ts"

const ofKeys =
  (wanted: string) =>
  ({ method, target }: Incoming): boolean =>
    method === wanted && target.includes("/api/v3/api_keys")

export const creation = ofKeys("POST")
export const deletion = ofKeys("DELETE")
