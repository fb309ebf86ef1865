/** Opens connections to a port; told to go on, sends a request on each at once and counts the answers. */
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import process from "node:process"

const [, , port, count] = process.argv
const batch = 500

const open = async (): Promise<Socket | undefined> => {
  const socket = connect(Number(port), "127.0.0.1")
  try {
    await once(socket, "connect")
    return socket
  } catch {
    return undefined
  }
}

const request = "GET /user/other/api/v2/sql?q=select+1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

const isAnswered = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    let text = ""
    socket.setEncoding("latin1")
    socket.on("data", (piece: string) => (text += piece))
    socket.on("close", () => resolve(text.startsWith("HTTP/1.1 200")))
    socket.on("error", () => resolve(false))
    socket.write(request)
  })

const sockets: Array<Socket> = []
for (let opened = 0; opened < Number(count); opened += batch) {
  const more = await Promise.all(Array.from({ length: Math.min(batch, Number(count) - opened) }, open))
  sockets.push(...more.filter((socket) => socket !== undefined))
}
console.log(sockets.length)
await once(process.stdin, "data")
const answers = await Promise.all(sockets.map(isAnswered))
console.log(answers.filter(Boolean).length)
process.exit()
