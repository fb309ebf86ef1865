/** Connections that fail or stall. */
import { bytesOf, chunk, head, kept, whole } from "../Http.ts"
import { afterwards, type Fault, half, json } from "../Fault.ts"

/** Between two bytes of a body that never ends. */
const blank = chunk(bytesOf(" "))

export const connection: ReadonlyArray<Fault> = [
  { name: "connection refused", did: false, treat: "refuse" },
  {
    name: "reset before the request is read",
    did: undefined,
    treat: async ({ connection }) => connection.reset()
  },
  {
    name: "closed before the request is read",
    isVariant: true,
    did: undefined,
    treat: async ({ connection }) => await connection.end()
  },
  {
    name: "reset once the request is read",
    did: undefined,
    treat: async ({ body, connection }) => {
      await body()
      connection.reset()
    }
  },
  {
    name: "reset once the server did it",
    did: true,
    treat: afterwards(async ({ connection }) => connection.reset())
  },
  {
    name: "closed once the server did it, without an answer",
    did: true,
    treat: afterwards(async ({ connection }) => await connection.end())
  },
  {
    name: "reset within the head",
    did: true,
    treat: afterwards(async ({ connection }, answer) => {
      await connection.write(head(answer.status, kept(answer)).slice(0, 24))
      connection.reset()
    })
  },
  {
    name: "closed within the head",
    isVariant: true,
    did: true,
    treat: afterwards(async ({ connection }, answer) => {
      await connection.write(head(answer.status, kept(answer)).slice(0, 24))
      await connection.end()
    })
  },
  {
    name: "reset within the body",
    did: true,
    treat: afterwards(async ({ connection }, answer) => {
      const bytes = whole(answer)
      await connection.write(bytes.subarray(0, bytes.length - Math.max(1, answer.body.length >> 1)))
      connection.reset()
    })
  },
  {
    name: "no answer, and the server does nothing",
    did: undefined,
    treat: async ({ body, stall }) => {
      await body()
      await stall()
    }
  },
  {
    name: "no answer, though the server did it",
    did: true,
    treat: afterwards(async ({ stall }) => await stall())
  },
  {
    name: "silence within the head",
    did: true,
    treat: afterwards(async ({ connection, stall }, answer) => {
      await connection.write(head(answer.status, kept(answer)).slice(0, 24))
      await stall()
    })
  },
  {
    name: "silence after the head",
    did: true,
    treat: afterwards(async ({ connection, stall }, answer) => {
      await connection.write(head(answer.status, [...kept(answer), ["content-length", "1000"]]))
      await stall()
    })
  },
  {
    name: "silence within the body",
    did: true,
    treat: afterwards(async ({ connection, stall }, answer) => {
      const first = half(answer)
      await connection.write(head(answer.status, [...kept(answer), ["transfer-encoding", "chunked"]]))
      if (first.length > 0) await connection.write(chunk(first))
      await stall()
    })
  },
  {
    name: "a blank from time to time, for ever",
    isEndless: true,
    did: true,
    treat: afterwards(async ({ connection, stall }, answer) => {
      await connection.write(head(answer.status, [...json, ["transfer-encoding", "chunked"]]))
      await stall(async () => await connection.write(blank))
    })
  },
  {
    name: "102 from time to time, for ever",
    isVariant: true,
    did: undefined,
    treat: async ({ body, connection, stall }) => {
      await body()
      await stall(async () => await connection.write(head("102 Processing")))
    }
  },
  {
    name: "an answer before the request is read, and a reset",
    did: undefined,
    treat: async ({ connection }) => {
      await connection.write(head("503 Service Unavailable", [["content-length", "0"]]))
      connection.reset()
    }
  }
]
