/** Who an account is, from its base URL: the three forms of CARTO's cloud, organisations and on-premises. */
import * as Result from "effect/Result"
import { InvalidInput } from "../reasons/Call.ts"
import { describe } from "./describe.ts"

export interface Account {
  readonly username: string
  /** Where the Auth API answers, without a trailing slash. */
  readonly authUrl: string
  /** Where the SQL API answers, without a trailing slash. */
  readonly sqlUrl: string
  /**
   * The schema of the account's own tables where the URL tells it: `public` for `{user}.carto.com`, the member's name for
   * `{org}.carto.com/u/{user}`. An on-premises URL does not tell.
   */
  readonly schema: string | undefined
}

export interface AccountInput {
  readonly baseUrl?: string | URL | undefined
  readonly username?: string | undefined
  readonly allowInsecureHttp?: boolean | undefined
}

const forms = "https://{user}.carto.com, https://{org}.carto.com/u/{user} or https://{host}/user/{user}"
const usernamePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

const refuse = (field: string, value: unknown, remedy: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, received: describe(value), remedy }))

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname)

const isAddress = (hostname: string): boolean => hostname.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(hostname)

/** The user that a path names: the last of `/user/NAME` and `/u/NAME`. `undefined` where it is neither form. */
const readPath = (pathname: string): { readonly user?: string; readonly member?: string } | undefined => {
  const parts = /^(?:\/user\/([^/]+))?(?:\/u\/([^/]+))?\/*$/.exec(pathname)
  if (parts === null) return undefined
  const [, user, member] = parts
  return { ...(user === undefined ? {} : { user }), ...(member === undefined ? {} : { member }) }
}

const fromUrl = (given: string | URL, input: AccountInput): Result.Result<Account, InvalidInput> => {
  const text = String(given).trim()
  if (!URL.canParse(text)) return refuse("baseUrl", given, `give the account's URL: ${forms}`)
  const url = new URL(text)
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refuse("baseUrl", given, `it must begin with https://, as ${forms}`)
  }
  if (url.protocol === "http:" && input.allowInsecureHttp !== true && !isLoopback(url.hostname)) {
    return refuse("baseUrl", given, "the key would travel in clear text; use https://, or set allowInsecureHttp: true")
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return refuse("baseUrl", given, "leave out credentials, query and fragment; the key goes into apiKey")
  }
  const path = readPath(url.pathname)
  if (path === undefined) return refuse("baseUrl", given, `its path must end with the account, as ${forms}`)
  const [label = "", ...rest] = url.hostname.split(".")
  const named = path.member ?? path.user
  const byHost = rest.length > 0 && !isAddress(url.hostname) ? label : undefined
  const username = input.username ?? named ?? byHost
  if (username === undefined || (named === undefined && username === label && url.hostname === "carto.com")) {
    return refuse("baseUrl", given, `it does not name an account; use ${forms}`)
  }
  if (input.username !== undefined && named !== undefined && named !== input.username) {
    return refuse("username", input.username, "it is not the account that baseUrl names; give one of the two")
  }
  if (!usernamePattern.test(username)) {
    return refuse(
      input.username === undefined ? "baseUrl" : "username",
      username,
      "an account's name has at most 63 of a-z, 0-9 and -, and neither begins nor ends with -"
    )
  }
  const onPremises = path.user !== undefined || (named === undefined && byHost !== username)
  // Both APIs know /user/NAME, but only the Auth API knows /u/NAME.
  const userUrl = `${url.origin}/user/${username}`
  const authUrl = path.member !== undefined ? `${url.origin}/u/${username}` : onPremises ? userUrl : url.origin
  const schema = onPremises ? undefined : path.member !== undefined && username !== label ? username : "public"
  return Result.succeed({
    username,
    authUrl,
    sqlUrl: path.member !== undefined || onPremises ? userUrl : url.origin,
    schema
  })
}

export const readAccount = (input: AccountInput): Result.Result<Account, InvalidInput> => {
  const { baseUrl, username } = input
  if (baseUrl !== undefined && String(baseUrl).trim() !== "") return fromUrl(baseUrl, input)
  if (typeof username !== "string" || username === "") {
    return baseUrl === undefined
      ? refuse("username", username, `give username, or baseUrl as ${forms}`)
      : refuse("baseUrl", baseUrl, `give the account's URL: ${forms}`)
  }
  if (!usernamePattern.test(username)) {
    return refuse(
      "username",
      username,
      "an account's name has at most 63 of a-z, 0-9 and -, and neither begins nor ends with -"
    )
  }
  return fromUrl(`https://${username}.carto.com`, { ...input, username: undefined })
}
