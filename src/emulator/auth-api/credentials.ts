/** The account that a request addresses, and the token in the request. */
import { accountOfHost } from "../http/addressing.ts"
import { type Parameters, text } from "./parameters.ts"

/** The username that a request addresses. Empty if the request names no account. */
export const addressedUsername = (options: {
  readonly userDomain: string | undefined
  readonly parameters: Parameters
  readonly host: string
  readonly sessionDomain: string
}): string => {
  const { host, parameters, sessionDomain, userDomain } = options
  const named = userDomain ?? text(parameters, "user_domain")
  if (named !== undefined) return named
  // The session domain may begin without a dot.
  return host.endsWith(sessionDomain) ? host.slice(0, -sessionDomain.length) : (accountOfHost(host) ?? "")
}

const basic = /basic\s([A-Za-z0-9_]+)/i

/**
 * The token in a request for a user. `undefined` if the request has no token, or a Basic header for another user. A
 * Basic header always takes precedence over the `api_key` parameter.
 */
export const token = (authorization: string, username: string, parameters: Parameters): string | undefined => {
  const encoded = basic.exec(authorization)?.[1]
  if (encoded === undefined) return text(parameters, "api_key") || undefined
  const [user, password] = Buffer.from(encoded.replaceAll("_", ""), "base64").toString("utf8").split(":")
  return user === username ? password || undefined : undefined
}
