/** The object of a governor, without the runtime that holds it. */
import { assert, describe, it } from "@effect/vitest"
import { vi } from "vitest"
import { RateGovernorObject } from "../../src/rate-limit/DurableObject.ts"

const key = "https://alice.carto.com:query"
const policy = {
  version: 1,
  limit: 11,
  interval: 100,
  pause: 0,
  refusals: 0,
  since: 0,
  inStep: true,
  refusing: false,
  bucket: 0
}
const bucket = { key: `${key}:0`, tokens: 1, limit: 9, refillMillis: 100, allowOverflow: true }

const makeStorage = () => {
  const entries = new Map<string, string>()
  const alarms: Array<number> = []
  const storage = {
    get: (name: string) => Promise.resolve(entries.get(name)),
    put: (name: string, value: string) => Promise.resolve(void entries.set(name, value)),
    deleteAll: () => Promise.resolve(entries.clear()),
    setAlarm: (time: number) => Promise.resolve(void alarms.push(time))
  }
  return { alarms, entries, storage }
}

const ask = async (object: RateGovernorObject, command: object): Promise<unknown> => {
  const response = await object.fetch(
    new Request("https://rate-governor", { method: "POST", body: JSON.stringify({ key, ...command }) })
  )
  return await response.json()
}
const take = { command: "take", key: bucket.key, options: bucket }

describe("RateGovernorObject", () => {
  it("replaces a policy only if the version before it is still there", async () => {
    const object = new RateGovernorObject(makeStorage())
    assert.deepStrictEqual(await ask(object, { command: "replace", policy }), { done: true })
    assert.deepStrictEqual(await ask(object, { command: "replace", policy }), { done: false })
    assert.deepStrictEqual(await ask(object, { command: "replace", policy: { ...policy, version: 2 } }), { done: true })
  })

  it("keeps the policy over a restart, and begins with an empty bucket", async () => {
    const state = makeStorage()
    const before = new RateGovernorObject(state)
    await ask(before, { command: "replace", policy })
    assert.deepInclude(await ask(before, take), { taken: [8, 0] })
    const after = new RateGovernorObject(state)
    const found = await ask(after, { command: "get" })
    assert.deepNestedInclude(found, { "stored.policy": policy })
    assert.match(JSON.stringify(await ask(after, take)), /"taken":\[-1,/)
  })

  it("ignores what is not a policy in its storage", async () => {
    const state = makeStorage()
    state.entries.set(key, "not a policy")
    const found = JSON.stringify(await ask(new RateGovernorObject(state), { command: "get" }))
    assert.notInclude(found, "policy")
    assert.include(found, "time")
  })

  it("deletes what it keeps when it has not been used for a day", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 0 })
    const state = makeStorage()
    const object = new RateGovernorObject(state)
    await ask(object, { command: "replace", policy })
    const day = 86_400_000
    assert.deepStrictEqual(state.alarms, [day])
    vi.setSystemTime(day / 2)
    await ask(object, { command: "get" })
    vi.setSystemTime(day)
    await object.alarm()
    assert.deepStrictEqual([state.alarms, state.entries.size], [[day, day * 1.5], 1])
    vi.setSystemTime(day * 1.5)
    await object.alarm()
    assert.strictEqual(state.entries.size, 0)
    vi.useRealTimers()
  })
})
