/**
 * The emulator's rate limiter in front of one trivial answer: `server.ts BURST COUNT PERIOD`, the last in seconds. Prints
 * its port; at the end of its standard input prints what came, as JSON.
 */
import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import process from "node:process"
import { makeServer } from "../../support/limitedServer.ts"

const [burst = 0, count = 1, period = 1] = process.argv.slice(2).map(Number)
const limited = makeServer()
limited.limit("alice", "query", [burst, count, period])

const server = createServer((request, response) => {
  request.resume().on("end", async () => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1")
    const answer = await Effect.runPromise(limited.answer(request.method ?? "GET", url))
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`)
})
process.stdin.resume().on("end", () => {
  const passed = limited.arrivals.filter(({ refused }) => !refused)
  const report = {
    passed: passed.length,
    refused: limited.arrivals.length - passed.length,
    seconds: ((passed.at(-1)?.at ?? 0) - (passed[0]?.at ?? 0)) / 1000
  }
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit())
})
