/**
 * Known behavior of CARTO's own clients under a fault: `carto` 1.11.3 of Python, and `cartodb` 0.5.1 of npm. Each was run
 * against a local server, or its source was read. Unknown behavior is left out.
 */
import type { Fault } from "./Fault.ts"

export interface Known {
  readonly python?: string
  readonly cartodb?: string
}

const waits = "waits for ever"

const known: ReadonlyArray<readonly [faults: RegExp, failure: Known]> = [
  [/^(?:no answer|silence|a blank|102|a body without end|rows without end)/, { python: waits, cartodb: waits }],
  [/^(?:connection refused|reset|closed)/, { python: "the key is in the error's text" }],
  [/Retry-After as a date/, { python: "crashes" }],
  [/^429/, { python: "KeyError's text, unless all four headers are there" }],
  [/a statement timeout/, { python: "told from a rate limit by nothing" }],
  [/^40[13]/, { python: "the server's words are lost" }],
  [/an error after the first rows/, { python: "a success with some rows", cartodb: "a success with some rows" }],
  [/an error after the data of a COPY/, { python: "the error is data" }],
  [/a total that is too high|pages without end/, { python: "lists for ever" }],
  [/, a page$|load balancer|^999|^418|^the key echoed as text/, { cartodb: "crashes the process" }]
]

export const knownFailures = ({ name }: Fault): Known => {
  const found = known.filter(([faults]) => faults.test(name)).map(([, failure]) => failure)
  const python = found.find((failure) => failure.python !== undefined)?.python
  const cartodb = found.find((failure) => failure.cartodb !== undefined)?.cartodb
  return { ...(python === undefined ? {} : { python }), ...(cartodb === undefined ? {} : { cartodb }) }
}
