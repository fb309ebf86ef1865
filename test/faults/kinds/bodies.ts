/** Faults in response bodies. */
import { gzipSync } from "node:zlib"
import { bytesOf, chunk, head, headerOf, type Incoming, kept } from "../Http.ts"
import { afterwards, type Fault, framed, instead, json, rewritten, say, withHeaders } from "../Fault.ts"

const isObject = (u: unknown): u is Record<string, unknown> => typeof u === "object" && u !== null && !Array.isArray(u)

/** Applies a function to every value within JSON, from the leaves up. Text that is not JSON stays as it is. */
const everywhere = (text: string, change: (value: unknown) => unknown): string => {
  const walk = (value: unknown): unknown =>
    change(
      Array.isArray(value)
        ? value.map(walk)
        : isObject(value)
          ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner)]))
          : value
    )
  const parsed = ((): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      return undefined
    }
  })()
  return parsed === undefined ? text : JSON.stringify(walk(parsed))
}

const otherType = (value: unknown): unknown => {
  switch (typeof value) {
    case "string":
      return value.length
    case "number":
      return String(value)
    case "boolean":
      return value ? "yes" : 0
    default:
      return value
  }
}

const isLeaf = (value: unknown): boolean => typeof value !== "object" || value === null
const depth = 100_000
const deep = "[".repeat(depth) + "]".repeat(depth)
const deepObject = `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`
const poison = `"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}`

/** Puts members at the beginning of every object of JSON text. What looks like an object within a string is changed too. */
const within = (text: string, members: string): string =>
  text.replaceAll(/\{(?=\s*")/g, `{${members},`).replaceAll(/\{(?=\s*\})/g, `{${members}`)

let compressed: Buffer | undefined
/** 64 KB that become 64 MB. */
const bomb = (): Buffer => (compressed ??= gzipSync(Buffer.alloc(64 << 20), { level: 9 }))

/** The key of a request, as it stands in its header and as it is. */
const keyOf = (authorization: string | undefined): ReadonlyArray<string> => {
  const encoded = (authorization ?? "").replace(/^Basic /, "")
  return [
    encoded,
    Buffer.from(encoded, "base64")
      .toString()
      .replace(/^[^:]*:/, "")
  ]
}

const echo = (words: (key: string) => string): Fault["treat"] =>
  instead(({ request }) => {
    const said = keyOf(headerOf(request, "authorization")).join(" ")
    return framed(400, json, words(said))
  })

const isList = ({ method, target }: Incoming): boolean => method === "GET" && /\/api\/v3\/api_keys\?/.test(target)

const inventedKey = (page: string): Record<string, unknown> => ({
  name: `key of page ${page}`,
  user: { username: "demo" },
  type: "regular",
  token: `token of page ${page}`,
  grants: [
    { type: "apis", apis: ["sql"] },
    { type: "database", tables: [], schemas: [] }
  ],
  created_at: "2018-02-08 14:24:41 UTC",
  updated_at: "2018-02-08 14:24:41 UTC"
})

const inventedPage = instead(({ request }) => {
  const page = /[?&]page=(\d+)/.exec(request.target)?.[1] ?? "1"
  return framed(200, json, JSON.stringify({ total: 1e9, result: [inventedKey(page)], _links: { next: { href: "/" } } }))
})

const answers: ReadonlyArray<readonly [string, string]> = [
  ["nothing", ""],
  ["null", "null"],
  ["a number", "1e999"],
  ["a string", '"ok"'],
  ["a list", "[[],{}]"],
  ["an empty object", "{}"],
  ["another API's answer", JSON.stringify({ access_token: "a", expires_in: 86400, rows: {}, result: 0, total: "1" })],
  ["half of a number", '{"total_rows":1,"time":0.'],
  ["a lone surrogate", '{"rows":[{"a":"\\ud800"}],"error":["\\udfff"]}']
]

export const bodies: ReadonlyArray<Fault> = [
  ...answers.map(([what, body]): Fault => ({
    name: `200 with ${what}, once the server did it`,
    isForged: true,
    isVariant: !["nothing", "null"].includes(what),
    did: true,
    treat: afterwards((exchange) => say(exchange, framed(200, json, body)))
  })),
  {
    name: "binary",
    isForged: true,
    isVariant: true,
    did: true,
    treat: afterwards((exchange, { status }) =>
      say(
        exchange,
        framed(
          status,
          [["content-type", "application/octet-stream"]],
          Uint8Array.from({ length: 4096 }, (_, at) => (at * 37) & 255)
        )
      )
    )
  },
  {
    name: "every value of another type",
    isForged: true,
    did: true,
    treat: rewritten((text) => everywhere(text, otherType))
  },
  {
    name: "every value null",
    isForged: true,
    isVariant: true,
    did: true,
    treat: rewritten((text) => everywhere(text, (value) => (isLeaf(value) ? null : value)))
  },
  {
    name: "every value an object",
    isForged: true,
    isVariant: true,
    did: true,
    treat: rewritten((text) => everywhere(text, (value) => (isLeaf(value) ? { toString: "no", length: -1 } : value)))
  },
  {
    name: "every list an object, every object a list",
    isForged: true,
    isVariant: true,
    did: true,
    treat: rewritten((text) =>
      everywhere(text, (value) =>
        Array.isArray(value) ? { ...value } : isObject(value) ? Object.values(value) : value
      )
    )
  },
  { name: "__proto__ in every object", isForged: true, did: true, treat: rewritten((text) => within(text, poison)) },
  { name: "lists 100,000 deep in every object", did: true, treat: rewritten((text) => within(text, `"deep":${deep}`)) },
  {
    name: "the answer 100,000 deep",
    isForged: true,
    isVariant: true,
    did: true,
    treat: afterwards((exchange, { status }) => say(exchange, framed(status, json, deep)))
  },
  {
    name: "an error 100,000 deep",
    did: false,
    treat: instead(() =>
      framed(422, json, `{"errors":${deepObject},"error":[${deep}],"detail":${deep},"hint":${deepObject}}`)
    )
  },
  {
    name: "a name twice in every object",
    isForged: true,
    isVariant: true,
    did: true,
    treat: rewritten((text) => text.replaceAll(/\}/g, `,"rows":1,"rows":[],"name":1,"status":1}`).replaceAll("{,", "{"))
  },
  { name: "a byte order mark", isVariant: true, did: true, treat: rewritten((text) => `\uFEFF${text}`) },
  {
    name: "UTF-8 that breaks off",
    isVariant: true,
    did: true,
    treat: rewritten((text) => Buffer.concat([Buffer.from(text), Buffer.from([0xf0, 0x9f])]))
  },
  {
    name: "UTF-16",
    isForged: true,
    isVariant: true,
    did: true,
    treat: rewritten((text) => Buffer.from(`\uFEFF${text}`, "utf16le"))
  },
  {
    name: "gzip, as it should be",
    // a transport that did not ask for it hands it on
    isForged: true,
    isVariant: true,
    did: true,
    treat: afterwards((exchange, answer) =>
      say(exchange, framed(answer.status, [...kept(answer), ["content-encoding", "gzip"]], gzipSync(answer.body)))
    )
  },
  {
    name: "gzip that breaks off",
    // what can be decompressed is handed out by some runtimes, as if it were all
    isForged: true,
    did: true,
    treat: afterwards((exchange, answer) => {
      const bytes = gzipSync(answer.body)
      return say(
        exchange,
        framed(answer.status, [...kept(answer), ["content-encoding", "gzip"]], bytes.subarray(0, bytes.length >> 1))
      )
    })
  },
  {
    name: "gzip by its header alone",
    isVariant: true,
    did: true,
    treat: withHeaders(["content-encoding", "gzip"])
  },
  {
    name: "an encoding that nobody knows",
    isVariant: true,
    did: true,
    treat: withHeaders(["content-encoding", "x-rot13"])
  },
  {
    name: "a thousand encodings",
    isVariant: true,
    did: true,
    treat: withHeaders(["content-encoding", Array.from({ length: 1000 }, () => "gzip").join(", ")])
  },
  {
    name: "a gzip bomb",
    isForged: true,
    did: true,
    treat: afterwards((exchange, { status }) =>
      say(exchange, framed(status, [...json, ["content-encoding", "gzip"]], bomb()))
    )
  },
  {
    name: "a body without end",
    isForged: true,
    did: true,
    treat: afterwards(async ({ connection }, { status }) => {
      const block = chunk(Buffer.alloc(1 << 20, " "))
      await connection.write(head(status, [...json, ["transfer-encoding", "chunked"]]))
      while (await connection.write(block)) await new Promise((resolve) => setImmediate(resolve))
    })
  },
  {
    name: "rows without end",
    isForged: true,
    isVariant: true,
    did: true,
    treat: afterwards(async ({ connection }, { status }) => {
      const block = chunk(bytesOf('{"a":1},'.repeat(1 << 16)))
      await connection.write(head(status, [...json, ["transfer-encoding", "chunked"]]))
      await connection.write(chunk(bytesOf('{"rows":[')))
      while (await connection.write(block)) await new Promise((resolve) => setImmediate(resolve))
    })
  },
  {
    name: "an error after the first rows",
    isForged: true,
    did: undefined,
    treat: instead(() => framed(200, json, '{"rows":[{"a":1}],"error":["division by zero"]}')),
    when: ({ target }) => /\/api\/v2\/sql(?:\?|$)/.test(target)
  },
  {
    name: "an error after the data of a COPY",
    did: undefined,
    treat: instead(() => framed(200, [], '1\n2\n{"error":["division by zero"]}')),
    when: ({ target }) => target.includes("/copyto")
  },
  {
    name: "a statement timeout",
    did: false,
    treat: instead(() =>
      framed(429, json, JSON.stringify({ error: ["SQL query timeout error"], context: "limit", detail: "datasource" }))
    ),
    when: ({ target }) => /\/api\/v2\/sql(?:\/copy|\?|$)/.test(target)
  },
  {
    name: "the key echoed as an error",
    did: false,
    treat: echo((key) => JSON.stringify({ error: [key], errors: key, detail: key, hint: key, context: key }))
  },
  { name: "the key echoed as text", isVariant: true, did: false, treat: echo((key) => `bad key: ${key}`) },
  {
    name: "the key echoed in a location",
    isVariant: true,
    did: undefined,
    treat: instead(({ elsewhere, request }) => {
      const [encoded = "", key = ""] = keyOf(headerOf(request, "authorization"))
      return framed(302, [["location", `${elsewhere}/${key}?api_key=${key}#${encoded}`]], "")
    })
  },
  {
    name: "the key echoed in headers",
    isVariant: true,
    did: false,
    treat: instead(({ request }) => {
      const said = keyOf(headerOf(request, "authorization")).join(" ")
      return framed(
        429,
        [...json, ["retry-after", said], ["carto-rate-limit-limit", said], ["set-cookie", `key=${said}`]],
        JSON.stringify({ error: [said] })
      )
    })
  },
  {
    name: "pages without end",
    isForged: true,
    did: undefined,
    treat: async (exchange) => {
      await exchange.pause()
      await inventedPage(exchange)
    },
    when: isList
  },
  {
    name: "a total that is too high",
    isVariant: true,
    did: true,
    treat: rewritten((text) => text.replace(/"total":\d+/, '"total":1000000000')),
    when: isList
  }
]
