/**
 * Starts one server for all test files of a run. Give this module to the test runner:
 *
 * - vitest: `globalSetup: ["effect-carto/testing/globalSetup"]`
 * - jest: `globalSetup: "effect-carto/testing/globalSetup"` and `globalTeardown: "effect-carto/testing/globalTeardown"`
 * - node:test: `node --test --test-global-setup=./setup.js`, with `export * from "effect-carto/testing/globalSetup"` in `setup.js`
 *
 * The server has no PostGIS, unless the environment variable `EFFECT_CARTO_TEST_POSTGIS` is `true`.
 *
 * @module
 */
import process from "node:process"
import { startShared, stopShared } from "./internal/sharedServer.ts"

/** Starts the server: node:test calls it before the first file. */
export const globalSetup = (): Promise<void> =>
  startShared({ postgis: process.env["EFFECT_CARTO_TEST_POSTGIS"] === "true" })

/** Stops the server: node:test calls it after the last file. */
export const globalTeardown = (): Promise<void> => stopShared()

/** Starts the server, and returns the function that stops it: vitest and jest call it before the first file. */
export default async function start(): Promise<() => Promise<void>> {
  await globalSetup()
  return globalTeardown
}
