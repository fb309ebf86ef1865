/** A SQL API that makes its bytes up as fast as they are taken. Prints its port; ends with its standard input. */
import { createServer, type ServerResponse } from "node:http"
import process from "node:process"
import { Readable } from "node:stream"
import { answer, answers, copyBytes, copyLine, rowBlock, rowCount, tables, warmUpShare } from "./workload.ts"

const block = Buffer.from(copyLine.repeat(640))
const rows = Buffer.from(rowBlock.text)

const prepared = Object.entries(answers).map(([table, count]) => ({ table, text: answer(count) }))

function* repeat(bytes: Buffer, total: number): Generator<Buffer> {
  for (let left = total; left > 0; left -= bytes.length) yield left < bytes.length ? bytes.subarray(0, left) : bytes
}

const send = (response: ServerResponse, bytes: Buffer, total: number): void => {
  response.writeHead(200, { "content-type": "application/octet-stream" })
  Readable.from(repeat(bytes, total), { objectMode: false, highWaterMark: 256 * 1024 }).pipe(response)
}

const server = createServer((request, response) => {
  if (request.url?.includes("/copyfrom")) {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-type": "application/json; charset=utf-8" })
      response.end('{"time":1,"total_rows":1}')
    })
    return
  }
  let body = ""
  request.setEncoding("utf8").on("data", (text: string) => (body += text))
  request.on("end", () => {
    if (!request.url?.endsWith("/copyto")) {
      response.writeHead(200, { "content-type": "application/json; charset=utf-8" })
      response.end(prepared.find(({ table }) => `${request.url}${body}`.includes(table))?.text ?? answer(0))
      return
    }
    const share = body.includes(tables.warmUp) ? warmUpShare : 1
    if (body.includes(tables.copy)) send(response, block, copyBytes / share)
    else send(response, rows, (rows.length * (rowCount / rowBlock.rows)) / share)
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`)
})
process.stdin.resume().on("end", () => process.exit())
