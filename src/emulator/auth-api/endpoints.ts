/** The endpoints of the Auth API, a row each. */
import type { Endpoint } from "../http/endpoint.ts"
import { create, type Handler, list, regenerate, remove, show } from "./keyEndpoints.ts"

export interface AuthEndpoint extends Endpoint<Handler> {
  /** Whether only the master key or a session of the dashboard may call it. */
  readonly needsMaster: boolean
}

const collection = /^(?<format>\.json)?$/
const item = /^\/(?<name>[^/]+)$/
const token = /^\/(?<name>[^./]+)\/token\/regenerate$/

/** The rows. Paths are those below `/api/v3/api_keys`. The Auth API has no rate limits. */
export const endpoints: ReadonlyArray<AuthEndpoint> = [
  { name: "list", methods: ["GET", "HEAD"], path: collection, needsMaster: false, handle: list },
  { name: "create", methods: ["POST"], path: collection, needsMaster: true, handle: create },
  { name: "show", methods: ["GET", "HEAD"], path: item, needsMaster: false, handle: show },
  { name: "delete", methods: ["DELETE"], path: item, needsMaster: true, handle: remove },
  { name: "regenerate", methods: ["POST"], path: token, needsMaster: true, handle: regenerate }
]
