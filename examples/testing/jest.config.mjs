/** One server for all test files, since each file has a module registry of its own. */
export default {
  globalSetup: "effect-carto/testing/globalSetup",
  globalTeardown: "effect-carto/testing/globalTeardown",
  testMatch: ["**/jest.test.mjs"],
  testTimeout: 60_000,
  transform: {}
}
