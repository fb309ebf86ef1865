/** The account that a base URL names, in the three forms of CARTO's cloud, organizations and on-premises hosts. */
import * as Result from "effect/Result"
import type { InvalidInput } from "../../errors/Call.ts"
import { refuse } from "../../errors/internal/invalidInput.ts"

/** An account and the URLs of its APIs. */
export interface Account {
  readonly username: string
  /** The URL of the Auth API, without a trailing slash. */
  readonly authUrl: string
  /** The URL of the SQL API, without a trailing slash. */
  readonly sqlUrl: string
  /**
   * The schema of the account's own tables: `public` for `{user}.carto.com`, the member's name for `{org}.carto.com/u/{user}`. An
   * on-premises URL does not say.
   */
  readonly schema: string | undefined
}

export interface AccountInput {
  readonly baseUrl?: string | URL | undefined
  readonly username?: string | undefined
  readonly allowInsecureHttp?: boolean | undefined
}

const forms = "https://{user}.carto.com, https://{org}.carto.com/u/{user} or https://{host}/user/{user}"

const isLoopback = (hostname: string): boolean => /^(?:(?:.+\.)?localhost|\[::1\]|127(?:\.\d{1,3}){3})$/.test(hostname)

const isAddress = (hostname: string): boolean => /^(?:\[|[\d.]+$)/.test(hostname)

const checkUsername = (field: string, username: unknown): Result.Result<string, InvalidInput> =>
  typeof username === "string" && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(username)
    ? Result.succeed(username)
    : refuse(
        field,
        username,
        "an account's name has 1 to 63 characters of a-z, 0-9 and -, and neither begins nor ends with -"
      )

const fromUrl = (url: URL, input: AccountInput): Result.Result<Account, InvalidInput> => {
  const wrong = (remedy: string) => refuse("baseUrl", input.baseUrl, remedy)
  if (url.protocol !== "https:" && url.protocol !== "http:") return wrong(`begin with https://, as ${forms}`)
  if (url.protocol === "http:" && input.allowInsecureHttp !== true && !isLoopback(url.hostname)) {
    return wrong("the key would travel in clear text; use https://, or set allowInsecureHttp: true")
  }
  if (url.username + url.password + url.search + url.hash !== "") {
    return wrong("leave out credentials, query and fragment; the key goes into apiKey")
  }
  const path = /^(?:\/user\/([^/]+))?(?:\/u\/([^/]+))?\/*$/.exec(url.pathname)
  if (path === null) return wrong(`its path must end with the account, as ${forms}`)
  const [, user, member] = path
  const named = member ?? user
  const [label = "", ...domain] = url.hostname.split(".")
  const ofHost = domain.length > 0 && url.hostname !== "carto.com" && !isAddress(url.hostname) ? label : undefined
  if (input.username !== undefined && named !== undefined && named !== input.username) {
    return refuse("username", input.username, "baseUrl names another account; give one of the two")
  }
  const given = input.username ?? named ?? ofHost
  if (given === undefined) return wrong(`it does not name an account; use ${forms}`)
  return Result.map(checkUsername(input.username === undefined ? "baseUrl" : "username", given), (username) => {
    // Both APIs know /user/NAME, but only the Auth API knows /u/NAME.
    const byPath = named !== undefined || ofHost !== username
    const sqlUrl = byPath ? `${url.origin}/user/${username}` : url.origin
    return {
      username,
      sqlUrl,
      authUrl: member === undefined ? sqlUrl : `${url.origin}/u/${username}`,
      schema:
        member !== undefined && username !== label ? username : byPath && member === undefined ? undefined : "public"
    }
  })
}

/** Reads the account of `baseUrl` or `username`. Fails with `InvalidInput`. */
export const readAccount = (input: AccountInput): Result.Result<Account, InvalidInput> => {
  const { baseUrl, username } = input
  if (baseUrl === undefined) {
    if (username === undefined) return refuse("baseUrl", undefined, `give the account's URL, ${forms}, or its username`)
    return Result.flatMap(checkUsername("username", username), (name) =>
      fromUrl(new URL(`https://${name}.carto.com`), input)
    )
  }
  const text = String(baseUrl).trim()
  return URL.canParse(text)
    ? fromUrl(new URL(text), input)
    : refuse("baseUrl", baseUrl, `give the account's URL: ${forms}`)
}
