/** Configures the JavaScript engine before it compiles PostgreSQL. */
import v8 from "node:v8"
import process from "node:process"

const FLAG = "--wasm-tiering-budget"
/** Bytes of code that a function executes before V8 compiles it again. V8's default is 13 million. */
const BUDGET = 2_000_000_000

/**
 * Makes V8 wait longer before it optimizes a function. One of PostgreSQL's functions takes V8 two seconds and 600 MB to
 * optimize. With V8's own threshold, every process that runs a few statements pays that cost and waits for it at its
 * end. A threshold given to the process is left unchanged. Other JavaScript engines ignore the setting.
 */
export const deferOptimization = (): void => {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((options) => options.includes(FLAG))
  if (!given) v8.setFlagsFromString(`${FLAG}=${BUDGET}`)
}
