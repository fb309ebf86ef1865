/** One connection of a client as bytes, independent of HTTP. */
import { once } from "node:events"
import type { Socket } from "node:net"

export interface Connection {
  /** Takes the bytes up to and including `end`; `undefined` where the client leaves first. */
  readonly until: (end: string) => Promise<Uint8Array | undefined>
  /** Takes that many bytes. */
  readonly take: (length: number) => Promise<Uint8Array | undefined>
  /** Waits until the bytes have left this process, or the client has left: `false` then. */
  readonly write: (bytes: Uint8Array | string) => Promise<boolean>
  /** Ends the connection in good order. */
  readonly end: () => Promise<void>
  /** Ends it as a crash would. */
  readonly reset: () => void
  readonly isOpen: () => boolean
  /** The client has left. */
  readonly left: Promise<void>
}

/** Reads whatever comes at once, so that it is known when the client leaves. */
export const fromSocket = (socket: Socket): Connection => {
  let held = Buffer.alloc(0)
  let isOpen = true
  let look = (): void => {}
  const left = new Promise<void>((resolve) => {
    const leave = (): void => {
      isOpen = false
      look()
      resolve()
    }
    socket.on("end", leave)
    socket.on("close", leave)
  })
  socket.on("data", (chunk) => {
    held = Buffer.concat([held, chunk])
    look()
  })
  // a client that resets the connection: `close` follows
  socket.on("error", () => {})

  const when = (length: () => number | undefined): Promise<Uint8Array | undefined> =>
    new Promise((resolve) => {
      look = () => {
        const found = length()
        if (found === undefined && isOpen) return
        look = () => {}
        if (found === undefined) return resolve(undefined)
        const taken = held.subarray(0, found)
        held = held.subarray(found)
        resolve(taken)
      }
      look()
    })

  return {
    until: (end) =>
      when(() => {
        const at = held.indexOf(end)
        return at === -1 ? undefined : at + end.length
      }),
    take: (length) => when(() => (held.length >= length ? length : undefined)),
    write: async (bytes) => {
      if (!isOpen || socket.destroyed) return false
      if (!socket.write(bytes)) await Promise.race([once(socket, "drain").catch(() => {}), left])
      return isOpen
    },
    end: async () => {
      if (!socket.destroyed) await new Promise<void>((resolve) => void socket.end(resolve).once("close", resolve))
    },
    reset: () => void socket.resetAndDestroy(),
    isOpen: () => isOpen,
    left
  }
}
