/** What the JavaScript engine is told before it compiles PostgreSQL. */
import v8 from "node:v8"
import process from "node:process"

const FLAG = "--wasm-tiering-budget"
/** Bytes of code that a function runs through before V8 compiles it again; V8's own figure is 13 million. */
const BUDGET = 2_000_000_000

/**
 * Lets V8 wait longer before it optimises a function. One of PostgreSQL's takes it two seconds and 600 MB, which with V8's
 * own threshold every process pays that runs a few statements, and waits for at its end. A threshold that was given to
 * the process is left alone; JavaScript engines other than V8 take no notice.
 */
export const deferOptimization = (): void => {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((options) => options.includes(FLAG))
  if (!given) v8.setFlagsFromString(`${FLAG}=${BUDGET}`)
}
