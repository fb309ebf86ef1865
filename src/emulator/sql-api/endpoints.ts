/** The endpoints of the SQL API, one per row. */
import type * as Effect from "effect/Effect"
import type { Accounts } from "../accounts/accounts.ts"
import type { Endpoint } from "../http/endpoint.ts"
import type { KeyStore } from "../state/keyStore.ts"
import type { ApiError } from "./apiError.ts"
import * as JobEndpoints from "./batch/jobEndpoints.ts"
import type { Jobs } from "./batch/jobs.ts"
import * as CopyFromEndpoint from "./copy/copyFromEndpoint.ts"
import * as CopyToEndpoint from "./copy/copyToEndpoint.ts"
import type { Exchange } from "./exchange.ts"
import type { Preparation } from "./query/preparation.ts"
import * as QueryEndpoint from "./query/queryEndpoint.ts"
import type { EndpointGroup } from "./rateLimit.ts"
import * as ServiceEndpoints from "./serviceEndpoints.ts"

/** The services that the endpoints need. */
export type Requirements = KeyStore | Accounts | Preparation | Jobs

/** An endpoint of the SQL API. */
export interface SqlEndpoint extends Endpoint<(exchange: Exchange) => Effect.Effect<Response, ApiError, Requirements>> {
  /** The group of limits that counts its calls. Calls of an endpoint without a group are not limited. */
  readonly rateLimit?: EndpointGroup
}

const read = ["GET", "HEAD"]

/** The endpoints. Paths are relative to `/api/VERSION`. The first matching row handles the request. */
export const endpoints: ReadonlyArray<SqlEndpoint> = [
  { name: "version", methods: read, path: /^\/version$/i, handle: ServiceEndpoints.version },
  { name: "health", methods: read, path: /^\/health$/i, handle: ServiceEndpoints.health },
  { name: "jobs-wip", methods: read, path: /^\/jobs-wip$/i, handle: ServiceEndpoints.jobsInProgress },
  { name: "preflight", methods: ["OPTIONS"], path: /^\/sql(?:\/|$)/i, handle: ServiceEndpoints.preflight },
  { name: "query", methods: "any", path: /^\/sql$/i, rateLimit: "query", handle: QueryEndpoint.handle },
  {
    name: "copyfrom",
    methods: ["POST"],
    path: /^\/sql\/copyfrom$/i,
    rateLimit: "copy_from",
    handle: CopyFromEndpoint.handle
  },
  {
    name: "copyto",
    methods: [...read, "POST"],
    path: /^\/sql\/copyto$/i,
    rateLimit: "copy_to",
    handle: CopyToEndpoint.handle
  },
  {
    name: "create job",
    methods: ["POST"],
    path: /^\/sql\/job$/i,
    rateLimit: "job_create",
    handle: JobEndpoints.create
  },
  {
    name: "get job",
    methods: read,
    path: /^\/sql\/job\/(?<jobId>[^/]+)$/i,
    rateLimit: "job_get",
    handle: JobEndpoints.read
  },
  {
    name: "cancel job",
    methods: ["DELETE"],
    path: /^\/sql\/job\/(?<jobId>[^/]+)$/i,
    rateLimit: "job_delete",
    handle: JobEndpoints.cancel
  }
]
