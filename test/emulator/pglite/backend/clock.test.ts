import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import process from "node:process"
import * as Clock from "../../../../src/emulator/pglite/backend/clock.ts"

type Import = (...parameters: ReadonlyArray<number | bigint>) => number | bigint | undefined

/** PostgreSQL as far as a clock sees it: what it asks the host for, and how often its alarm has struck. */
const makePostgres = async (clock: Clock.Clock) => {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const view = new DataView(memory.buffer)
  const rung: Array<number> = []
  const host = {
    env: { _setitimer_js: () => 0 },
    wasi_snapshot_preview1: {
      fd_read: () => 0,
      clock_time_get: (_id: number, _precision: bigint, answerAt: number) => {
        view.setBigInt64(answerAt, BigInt(Math.round(performance.now() * 1e6)), true)
        return 0
      }
    }
  }
  let imports: typeof host = host
  const emscripten = {
    wasmMemory: memory,
    instantiateWasm: (given: typeof host, onReady: (instance: object) => void) => {
      imports = given
      onReady({ exports: { _emscripten_timeout: () => rung.push(1) } })
      return {}
    }
  }
  const result: unknown = await Reflect.apply(clock.extension.setup, clock.extension, [undefined, emscripten])
  const options: unknown = typeof result === "object" && result !== null && Reflect.get(result, "emscriptenOpts")
  if (typeof options !== "object" || options === null) throw new Error("no options")
  Reflect.apply(Reflect.get(options, "instantiateWasm"), options, [host, () => {}])
  const call = (of: "env" | "wasi_snapshot_preview1", name: string): Import => {
    const found: unknown = Reflect.get(imports[of], name)
    if (typeof found !== "function") throw new Error(`no ${name}`)
    return (...parameters) => Reflect.apply(found, undefined, parameters)
  }
  const ask = call("wasi_snapshot_preview1", "clock_time_get")
  return {
    rings: () => rung.length,
    setAlarm: (milliseconds: number) => call("env", "_setitimer_js")(0, milliseconds),
    read: () => call("wasi_snapshot_preview1", "fd_read")(0),
    /** Milliseconds. */
    time: () => {
      ask(1, 0n, 8)
      return Number(view.getBigInt64(8, true)) / 1e6
    }
  }
}

/** Waits without being at work, as while others have the processor. */
const stall = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)

const compute = (milliseconds: number) => {
  const time = () => process.threadCpuUsage().user + process.threadCpuUsage().system
  const end = time() + milliseconds * 1000
  while (time() < end);
}

describe("the alarm", () => {
  it.effect("the alarm counts processor time and not elapsed time", () =>
    Effect.gen(function* () {
      const clock = Clock.make()
      const postgres = yield* Effect.promise(() => makePostgres(clock))
      clock.during(() => {
        postgres.setAlarm(20)
        stall(60)
        postgres.read()
        assert.strictEqual(postgres.rings(), 0)
        compute(25)
        postgres.read()
        assert.strictEqual(postgres.rings(), 1)
        postgres.read()
        assert.strictEqual(postgres.rings(), 1)
      })
    })
  )

  it.effect("the alarm does not fire while no statement runs", () =>
    Effect.gen(function* () {
      const clock = Clock.make()
      const postgres = yield* Effect.promise(() => makePostgres(clock))
      postgres.setAlarm(1)
      compute(5)
      postgres.read()
      assert.strictEqual(postgres.rings(), 0)
    })
  )
})

describe("calibration", () => {
  it.effect("calibration ends its own sleep on a machine of any speed", () =>
    Effect.gen(function* () {
      const clock = Clock.make()
      const postgres = yield* Effect.promise(() => makePostgres(clock))
      const before = performance.now()
      clock.calibrate(() => {
        const start = postgres.time()
        let questions = 0
        // each question takes a good part of the sleep, as if the machine did something else
        while (postgres.time() - start < 1000) {
          questions += 1
          if (questions % 10 === 0) stall(1)
          assert.isBelow(questions, 10_000)
        }
        assert.isAbove(questions, 100)
      })
      assert.isBelow(performance.now() - before, 1000)
      assert.isBelow(postgres.time() - performance.now(), 1000)
    })
  )
})
