/** Responses of load balancers, caches and portals, and statuses that these APIs do not have. */
import { bytesOf, head } from "../Http.ts"
import { afterwards, type Fault, framed, html, instead, json, say } from "../Fault.ts"

const page = (words: string): string =>
  `<html><head><title>${words}</title></head><body><h1>${words}</h1></body></html>`

const balancers: ReadonlyArray<readonly [number, string]> = [
  [500, "Internal Server Error"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Time-out"],
  [520, "Web server is returning an unknown error"]
]

const limit = (...retryAfter: ReadonlyArray<string>): Fault["treat"] =>
  instead(() =>
    framed(
      429,
      [...json, ...retryAfter.map((value) => ["retry-after", value] as const)],
      JSON.stringify({ error: ["You are over platform's limits"], context: "limit", detail: "rate-limit" })
    )
  )

const refusal = (status: number, body: string, headers = html): Fault => ({
  isVariant: ![401, 403, 404].includes(status) || body.startsWith("<"),
  name: `${status}${body === "" ? ", no body" : body.startsWith("<") ? ", a page" : ""}`,
  // that a key is none of the account's is what 401 says
  isForged: status === 401,
  // fetch makes a failed connection of 407, after which nobody knows
  did: status === 407 ? undefined : false,
  treat: instead(() => framed(status, headers, body))
})

export const statuses: ReadonlyArray<Fault> = [
  {
    name: "204 with a body",
    isVariant: true,
    did: true,
    treat: afterwards((exchange, { body }) => say(exchange, framed(204, json, body)))
  },
  {
    name: "204 in the place of the answer",
    did: true,
    treat: afterwards((exchange) => say(exchange, head("204 No Content", [["connection", "close"]])))
  },
  {
    name: "304 that nobody asked for",
    isVariant: true,
    did: true,
    treat: afterwards((exchange) => say(exchange, head("304 Not Modified", [["connection", "close"]])))
  },
  ...[301, 302, 303, 307, 308].map((status): Fault => ({
    name: `${status} to another origin`,
    isVariant: status !== 307,
    did: undefined,
    treat: instead(({ elsewhere, request }) => framed(status, [["location", `${elsewhere}${request.target}`]], ""))
  })),
  {
    name: "303 to another origin, once the server did it",
    isVariant: true,
    did: true,
    treat: afterwards((exchange) => say(exchange, framed(303, [["location", `${exchange.elsewhere}/`]], "")))
  },
  {
    name: "302 to itself",
    isVariant: true,
    did: undefined,
    treat: instead(({ request }) => framed(302, [["location", request.target]], ""))
  },
  { name: "302 without a location", isVariant: true, did: undefined, treat: instead(() => framed(302, [], "")) },
  {
    name: "302 to no address",
    isVariant: true,
    did: undefined,
    treat: instead(() => framed(302, [["location", "http://[:::/%zz"]], ""))
  },
  refusal(400, ""),
  refusal(401, ""),
  refusal(403, ""),
  refusal(403, page("Forbidden")),
  refusal(404, ""),
  refusal(404, page("Not Found")),
  refusal(407, page("Proxy Authentication Required")),
  refusal(408, ""),
  refusal(413, page("Request Entity Too Large")),
  refusal(418, "short and stout", [["content-type", "text/plain"]]),
  { name: "429 with Retry-After: 1", did: false, treat: limit("1") },
  {
    name: "429 with Retry-After as a date",
    did: false,
    // three seconds after the beginning of the time of clocks that tests move
    treat: limit("Thu, 01 Jan 1970 00:00:03 GMT")
  },
  { name: "429 with Retry-After: 99999999999", isVariant: true, did: false, treat: limit("99999999999") },
  { name: "429 with Retry-After of 400 digits", isVariant: true, did: false, treat: limit("9".repeat(400)) },
  { name: "429 with Retry-After: -5", isVariant: true, did: false, treat: limit("-5") },
  { name: "429 with Retry-After: soon", isVariant: true, did: false, treat: limit("soon") },
  { name: "429 with two Retry-After", isVariant: true, did: false, treat: limit("1", "2") },
  { name: "429 without Retry-After", did: false, treat: limit() },
  {
    name: "429, a page",
    isVariant: true,
    did: false,
    treat: instead(() => framed(429, html, page("Too Many Requests")))
  },
  ...balancers.flatMap(([status, words]): ReadonlyArray<Fault> => [
    {
      name: `${status} of a load balancer, in the server's place`,
      isVariant: ![500, 503].includes(status),
      did: undefined,
      treat: instead(() => framed(`${status} ${words}`, html, page(words)))
    },
    {
      name: `${status} of a load balancer, once the server did it`,
      isVariant: ![500, 503].includes(status),
      did: true,
      treat: afterwards((exchange) => say(exchange, framed(`${status} ${words}`, html, page(words))))
    }
  ]),
  {
    name: "999",
    isVariant: true,
    did: undefined,
    treat: instead(() => framed("999 Request denied", html, bytesOf(page("Request denied"))))
  },
  {
    name: "200, a page of a portal",
    did: undefined,
    treat: instead(() => framed(200, html, page("Please log in to this network")))
  },
  {
    name: "200, a page, once the server did it",
    did: true,
    treat: afterwards((exchange) => say(exchange, framed(200, html, page("Moved to our new platform"))))
  }
]
