/** The endpoints of the Auth API, one row each. */
import type { Endpoint } from "../http/endpoint.ts"
import { create, type Handler, list, regenerate, remove, show } from "./keyEndpoints.ts"

/** An endpoint of the Auth API. */
export interface AuthEndpoint extends Endpoint<Handler> {
  /** Whether the endpoint requires the master key or a dashboard session. */
  readonly needsMaster: boolean
}

const collection = /^(?<format>\.json)?$/
const item = /^\/(?<name>[^/]+)$/
const token = /^\/(?<name>[^./]+)\/token\/regenerate$/

/** The endpoints. Paths are relative to `/api/v3/api_keys`. The Auth API has no rate limits. */
export const endpoints: ReadonlyArray<AuthEndpoint> = [
  { name: "list", methods: ["GET", "HEAD"], path: collection, needsMaster: false, handle: list },
  { name: "create", methods: ["POST"], path: collection, needsMaster: true, handle: create },
  { name: "show", methods: ["GET", "HEAD"], path: item, needsMaster: false, handle: show },
  { name: "delete", methods: ["DELETE"], path: item, needsMaster: true, handle: remove },
  { name: "regenerate", methods: ["POST"], path: token, needsMaster: true, handle: regenerate }
]
