/** The endpoints of the SQL API, a row each. */
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

export type Requirements = KeyStore | Accounts | Preparation | Jobs

export interface SqlEndpoint extends Endpoint<(exchange: Exchange) => Effect.Effect<Response, ApiError, Requirements>> {
  /** The group of limits that its calls count in. Calls of an endpoint without a group are not limited. */
  readonly rateLimit?: EndpointGroup
}

const read = ["GET", "HEAD"]

/** The rows. Paths are those below `/api/VERSION`; the first row that matches handles the request. */
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
