/** TypeScript's language server, asked what an editor shows. */
import { spawn } from "node:child_process"
import { pathToFileURL } from "node:url"
import { bin, root } from "../runtimes/commands.ts"

interface Message {
  readonly id?: number | undefined
  readonly method?: string | undefined
  readonly result?: unknown
}

const isMessage = (u: unknown): u is Message => typeof u === "object" && u !== null

/** What an editor shows over a name. */
export interface Hover {
  readonly signature: string
  readonly documentation: string
}

/** The text of a hover, of whatever form the server gives it. */
const textOf = (hover: unknown): string => {
  if (typeof hover === "string") return hover
  if (typeof hover !== "object" || hover === null) return ""
  return "value" in hover ? textOf(hover.value) : "contents" in hover ? textOf(hover.contents) : ""
}

const readHover = (hover: unknown): Hover => {
  const [, signature = "", documentation = ""] = /^```\w*\n([^]*?)\n```([^]*)$/.exec(textOf(hover)) ?? []
  return { signature, documentation: documentation.trim() }
}

/**
 * What the editor shows for each name that `source` marks: hover over the identifier right before the comment `/*?*\/`.
 * `source` is a module of the folder `test`, which need not exist.
 */
export const hovers = async (source: string): Promise<ReadonlyArray<Hover>> => {
  const server = spawn(bin("tsc"), ["--lsp", "--stdio"], { cwd: root, stdio: ["pipe", "pipe", "ignore"] })
  const pending = new Map<number, (result: unknown) => void>()
  const write = (message: object): void => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message })
    server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  let received = Buffer.alloc(0)
  const receive = (): void => {
    const end = received.indexOf("\r\n\r\n")
    const length = Number(/Content-Length: (\d+)/i.exec(received.subarray(0, Math.max(0, end)).toString())?.[1])
    if (end < 0 || received.length < end + 4 + length) return
    const message: unknown = JSON.parse(received.subarray(end + 4, end + 4 + length).toString())
    received = received.subarray(end + 4 + length)
    if (isMessage(message) && message.id !== undefined) {
      // requests of the server's own get no settings
      if (message.method === undefined) pending.get(message.id)?.(message.result)
      else write({ id: message.id, result: message.method === "workspace/configuration" ? [null] : null })
    }
    receive()
  }
  server.stdout.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    receive()
  })
  let last = 0
  const ask = (method: string, params: object): Promise<unknown> =>
    new Promise((resolve) => {
      last += 1
      pending.set(last, resolve)
      write({ id: last, method, params })
    })
  const uri = pathToFileURL(`${root}/test/hovered.ts`).href
  await ask("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    capabilities: { textDocument: { hover: { contentFormat: ["markdown"] } } }
  })
  write({ method: "initialized", params: {} })
  write({
    method: "textDocument/didOpen",
    params: { textDocument: { uri, languageId: "typescript", version: 1, text: source } }
  })
  const shown: Array<Hover> = []
  for (const { index } of source.matchAll(/\/\*\?\*\//g)) {
    const before = source.slice(0, index).trimEnd()
    const line = before.split("\n").length - 1
    const character = before.length - (before.lastIndexOf("\n") + 1) - 1
    shown.push(readHover(await ask("textDocument/hover", { textDocument: { uri }, position: { line, character } })))
  }
  await ask("shutdown", {})
  write({ method: "exit" })
  return shown
}
