/**
 * Stops the server that `effect-carto/testing/globalSetup` has started: the `globalTeardown` of jest.
 *
 * @module
 */
import { stopShared } from "./internal/sharedServer.ts"

/** Stops the server of the run. */
export default function stop(): Promise<void> {
  return stopShared()
}
