/** The Auth API: creates, lists, regenerates and deletes the API keys of an account. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { ApiKey, type ApiKeyType } from "../account/ApiKey.ts"
import { Auth } from "../account/Auth.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { covers, type Grants, type GrantsRequest } from "../account/Grants.ts"
import { validate } from "../account/grantsValidation.ts"
import { toWire } from "../account/grantsWire.ts"
import { defaultApis } from "../account/grantVocabulary.ts"
import {
  type AuthApiReason,
  type CreateReason,
  type DeleteReason,
  type GetReason,
  type Page,
  readCreateFailure,
  readDeleteFailure,
  readFailure,
  readGetFailure,
  readKey,
  readPage,
  readRegenerateFailure,
  type RegenerateReason
} from "./internal/responses.ts"
import { operation } from "../errors/internal/operation.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { parse } from "../errors/internal/json.ts"
import { collectionPath, existingName, isDotName, keyPath, newName, regeneratePath } from "./internal/apiKeyPath.ts"
import { notHeld } from "./internal/missingGrants.ts"
import { readQuery } from "../sql/internal/responses.ts"
import { type HttpClient, make as makeWire } from "../http/client.ts"
import { outcomeUnknown } from "../http/failures.ts"
import type { WireResponse } from "../http/response.ts"
import { ApiKeyNameTaken, ApiKeyNotFound, ApiKeyProtected, HiddenApiKey, MasterKeyRequired } from "../errors/AuthApi.ts"
import {
  type CallReason,
  type InvalidInput,
  type AmbiguousFailure,
  type OutcomeUnknown,
  Unauthenticated
} from "../errors/Call.ts"

export type { AuthApiReason, CreateReason, DeleteReason, GetReason, RegenerateReason } from "./internal/responses.ts"

export interface TargetUserOptions {
  /** Acts for this member of the organisation. Only its owner and admins may. */
  readonly targetUser?: string | undefined
}

/** The key's name and what it may do. */
export interface CreateOptions extends GrantsRequest, TargetUserOptions {
  /** Any text that is not blank; unique, case-sensitive, for good. */
  readonly name: string
}

export interface ListOptions extends TargetUserOptions {
  /** Default: every type. */
  readonly type?: ApiKeyType | ReadonlyArray<ApiKeyType> | undefined
  /** Within a type, ascending. Default `updated_at`. Master comes first, then default, then regular keys. */
  readonly order?: "type" | "name" | "updated_at" | undefined
  /** Keys asked for at a time. Default 100. */
  readonly pageSize?: number | undefined
}

export interface ApiKeyManagerService {
  /**
   * Creates a regular key. Needs the master key. Keys cannot be edited afterwards. `POST /api/v3/api_keys`.
   */
  readonly create: (options: CreateOptions) => Effect.Effect<ApiKey, CartoErrorOf<CreateReason>>
  /** The key of that name. Other keys than master see only themselves. `GET /api/v3/api_keys/{name}`. */
  readonly get: (name: string, options?: TargetUserOptions) => Effect.Effect<ApiKey, CartoErrorOf<GetReason>>
  /** As {@link get}; none where there is no such key. */
  readonly getOption: (
    name: string,
    options?: TargetUserOptions
  ) => Effect.Effect<Option.Option<ApiKey>, CartoErrorOf<AuthApiReason>>
  /**
   * Every key that the key in use may see, over all pages, which together take at most `stallTimeout`.
   * `GET /api/v3/api_keys`.
   */
  readonly list: (options?: ListOptions) => Effect.Effect<ReadonlyArray<ApiKey>, CartoErrorOf<AuthApiReason>>
  /** As {@link list}, page by page as the keys are taken. */
  readonly stream: (options?: ListOptions) => Stream.Stream<ApiKey, CartoErrorOf<AuthApiReason>>
  /**
   * Gives a regular or the master key a new token; the old one is refused from then on, everywhere at once. Needs the
   * master key. For the key in use, this service goes on with the new token. `POST …/{name}/token/regenerate`.
   */
  readonly regenerate: (
    key: string | ApiKey,
    options?: TargetUserOptions
  ) => Effect.Effect<ApiKey, CartoErrorOf<RegenerateReason>>
  /**
   * Deletes a regular key, which revokes it; tables that it made go to the account. Needs the master key.
   * `DELETE /api/v3/api_keys/{name}`.
   */
  readonly delete: (
    key: string | ApiKey,
    options?: TargetUserOptions
  ) => Effect.Effect<void, CartoErrorOf<DeleteReason>>
  /** The key in use, with its grants. */
  readonly whoami: Effect.Effect<ApiKey, CartoErrorOf<AuthApiReason | HiddenApiKey>>
  /** Whether a token is a key of this account, of whatever type. */
  readonly isValid: (
    key: ApiKey | Redacted.Redacted<string>
  ) => Effect.Effect<boolean, CartoErrorOf<Exclude<AuthApiReason, Unauthenticated>>>
}

const nameOf = (key: string | ApiKey): unknown => (key instanceof ApiKey ? key.name : key)

const isProtected = (key: string | ApiKey, action: "delete" | "regenerate"): boolean =>
  key instanceof ApiKey
    ? key.type === "default" || (key.type === "master" && action === "delete")
    : key === "Default public" || (key === "Master" && action === "delete")

const keyTypes: ReadonlyArray<string> = ["master", "default", "regular"] satisfies ReadonlyArray<ApiKeyType>
const orders: ReadonlyArray<string> = ["type", "name", "updated_at"]

type Query = ReadonlyArray<readonly [string, string]>

const targetQuery = (options: TargetUserOptions | undefined): Result.Result<Query, InvalidInput> => {
  const targetUser = options?.targetUser
  if (targetUser === undefined) return Result.succeed([])
  return typeof targetUser === "string" && targetUser.trim() !== ""
    ? Result.succeed([["target_user", targetUser]])
    : refuse("targetUser", targetUser, "give the member's user name")
}

const listQuery = (options: ListOptions): Result.Result<Query, InvalidInput> => {
  const types: ReadonlyArray<string> =
    options.type === undefined ? [] : typeof options.type === "string" ? [options.type] : options.type
  if (Array.isArray(options.type) && types.length === 0) {
    return refuse("type", types, "leave it out to list keys of every type")
  }
  if (types.some((type) => !keyTypes.includes(type))) return refuse("type", types, `use ${keyTypes.join(", ")}`)
  if (options.order !== undefined && !orders.includes(options.order)) {
    return refuse("order", options.order, `use ${orders.join(", ")}`)
  }
  const pageSize = options.pageSize ?? 100
  if (!Number.isSafeInteger(pageSize) || pageSize < 1)
    return refuse("pageSize", pageSize, "give a whole number above 0")
  return Result.map(targetQuery(options), (target) => [
    ["per_page", String(pageSize)],
    ...(types.length === 0 ? [] : [["type", types.join(",")] as const]),
    ...(options.order === undefined ? [] : [["order", options.order] as const]),
    ...target
  ])
}

/**
 * Whether a key has nothing that was not asked for. What was asked for may be missing: answers leave out materialized
 * views, and every role has `usage` of some schemas.
 */
const isWithin = (grants: Grants, request: GrantsRequest, defaultSchema: string): boolean =>
  covers(
    { apis: defaultApis, ...request },
    {
      ...grants,
      schemas: grants.schemas
        .filter(({ permissions }) => permissions.includes("create"))
        .map(({ name }) => ({ name, permissions: ["create"] }))
    },
    { defaultSchema }
  ) && grants.apis.length === (request.apis ?? defaultApis).length

/** After a deadline a request may still be carried out. */
const notDone = (failure: AmbiguousFailure): Effect.Effect<undefined, OutcomeUnknown> =>
  failure._tag === "DeadlineExceeded" ? outcomeUnknown(failure) : Effect.undefined

const make: Effect.Effect<ApiKeyManagerService, never, Auth | HttpClient> = Effect.gen(function* () {
  const auth = yield* Auth
  const wire = yield* makeWire
  const { username } = auth

  const readList = (query: Query, options: TargetUserOptions = {}): Effect.Effect<Page, AuthApiReason> =>
    wire.send(
      { method: "GET", api: "auth", path: collectionPath, query },
      (response): Effect.Effect<Page, AuthApiReason> =>
        response.status === 200 ? Effect.fromResult(readPage(response)) : readFailure(response, options.targetUser)
    )

  /** A 401 on a write does not tell a key that is not master from one that is not a key at all: the key itself knows. */
  const asMaster = <A, E>(
    sent: Effect.Effect<A, CallReason | E>
  ): Effect.Effect<A, CallReason | E | MasterKeyRequired> =>
    sent.pipe(
      Effect.catchIf(
        (reason) => reason instanceof Unauthenticated,
        (unauthenticated) =>
          Effect.matchEffect(readList([["per_page", "1"]]), {
            onSuccess: ({ keys }) => Effect.fail(new MasterKeyRequired({ keyType: keys[0]?.type })),
            onFailure: () => Effect.fail(unauthenticated)
          })
      )
    )

  /** What is under a name after the answer to a write was lost. `undefined` where it cannot have been carried out. */
  const lookUp = (
    path: string,
    query: Query,
    failure: AmbiguousFailure
  ): Effect.Effect<ApiKey | undefined, OutcomeUnknown> =>
    wire
      .send(
        { method: "GET", api: "auth", path, query },
        (response): Effect.Effect<ApiKey | undefined, AuthApiReason | OutcomeUnknown> => {
          if (response.status === 404) return notDone(failure)
          return response.status === 200 ? Effect.fromResult(readKey(response)) : readFailure(response, undefined)
        }
      )
      .pipe(Effect.catch(() => outcomeUnknown(failure)))

  let knownSchema = auth.schema
  const askForSchema = readQuery(wire, username, "SELECT pg_catalog.current_schema() AS schema").pipe(
    Effect.map(({ rows: [row] }) =>
      typeof row === "object" && row !== null && "schema" in row && typeof row.schema === "string"
        ? row.schema
        : "public"
    ),
    Effect.tap((schema) =>
      Effect.sync(() => {
        knownSchema = schema
      })
    ),
    Effect.orElseSucceed(() => "public")
  )

  /** The schema of tables that name none: the account's own. Only an on-premises URL leaves it open, so we ask. */
  const defaultSchema = (options: CreateOptions): Effect.Effect<string> => {
    if (options.tables?.every(({ schema }) => schema !== undefined) !== false) return Effect.succeed("public")
    // the schema of an organisation's member has the member's name
    if (options.targetUser !== undefined) return Effect.succeed(options.targetUser)
    return Effect.suspend(() => (knownSchema === undefined ? askForSchema : Effect.succeed(knownSchema)))
  }

  const create = Effect.fnUntraced(function* (options: CreateOptions): Effect.fn.Return<ApiKey, CreateReason> {
    const name = yield* Effect.fromResult(newName(options.name))
    const query = yield* Effect.fromResult(targetQuery(options))
    const problem = validate(options)
    if (problem !== undefined) return yield* problem
    const schema = yield* defaultSchema(options)
    const path = yield* Effect.fromResult(keyPath(name))
    let lost: AmbiguousFailure | undefined
    /** The key of that name, if it is as it was asked for. */
    const adopt = (failure: AmbiguousFailure): Effect.Effect<ApiKey | undefined, ApiKeyNameTaken | OutcomeUnknown> => {
      lost = failure
      return Effect.flatMap(lookUp(path, query, failure), (found) =>
        found === undefined || isWithin(found.grants, options, schema)
          ? Effect.succeed(found)
          : Effect.fail(new ApiKeyNameTaken({ name }))
      )
    }
    const read = (response: WireResponse): Effect.Effect<ApiKey, CreateReason> => {
      if (response.status === 201 || response.status === 200) return Effect.fromResult(readKey(response))
      const failed = readCreateFailure(response, name, options.targetUser, (kind) =>
        notHeld(wire, username, kind, options, schema, options.targetUser === undefined)
      )
      const failure = lost
      if (failure === undefined) return failed
      // the name may be taken by the request whose answer was lost
      return Effect.catchTag(failed, "ApiKeyNameTaken", (taken) =>
        Effect.flatMap(adopt(failure), (found) => (found === undefined ? Effect.fail(taken) : Effect.succeed(found)))
      )
    }
    const json = { name, grants: toWire(options, schema) }
    return yield* asMaster(
      wire.write<ApiKey, CreateReason>(
        { method: "POST", api: "auth", path: collectionPath, query, json, yieldsToken: true },
        read,
        adopt
      )
    )
  })

  const pages = (options: ListOptions): Stream.Stream<ApiKey, AuthApiReason> =>
    Stream.unwrap(
      Effect.map(Effect.fromResult(listQuery(options)), (query) => {
        const seen = new Set<string>()
        return Stream.paginate(1, (page) =>
          Effect.map(readList([...query, ["page", String(page)]], options), ({ hasNext, keys, total }) => {
            const fresh = keys.filter(({ name }) => !seen.has(name))
            for (const { name } of fresh) seen.add(name)
            // a list that shrinks meanwhile, or a total that is too high, must not make this go on for ever
            const more = fresh.length > 0 && (hasNext || seen.size < total)
            return [fresh, more ? Option.some(page + 1) : Option.none<number>()] as const
          })
        )
      })
    )

  /** All pages; a server that has ever more of them does not keep us. */
  const collect = (options: ListOptions = {}): Effect.Effect<ReadonlyArray<ApiKey>, AuthApiReason> =>
    wire.withinStall(Stream.runCollect(pages(options)))

  const get = Effect.fnUntraced(function* (
    name: string,
    options?: TargetUserOptions
  ): Effect.fn.Return<ApiKey, GetReason> {
    yield* Effect.fromResult(existingName(name))
    const query = yield* Effect.fromResult(targetQuery(options))
    if (isDotName(name)) {
      const all = yield* collect(options)
      return all.find((key) => key.name === name) ?? (yield* new ApiKeyNotFound({ name }))
    }
    const path = yield* Effect.fromResult(keyPath(name))
    return yield* wire.send({ method: "GET", api: "auth", path, query }, (response): Effect.Effect<ApiKey, GetReason> =>
      response.status === 200
        ? Effect.fromResult(readKey(response))
        : readGetFailure(response, name, options?.targetUser)
    )
  })

  const regenerate = Effect.fnUntraced(function* (
    key: string | ApiKey,
    options?: TargetUserOptions
  ): Effect.fn.Return<ApiKey, RegenerateReason> {
    const name = yield* Effect.fromResult(existingName(nameOf(key)))
    if (isProtected(key, "regenerate")) {
      return yield* new ApiKeyProtected({ name, action: "regenerate" })
    }
    const keyUrl = yield* Effect.fromResult(keyPath(name))
    const path = yield* Effect.fromResult(regeneratePath(name))
    const query = yield* Effect.fromResult(targetQuery(options))
    const own = options?.targetUser === undefined || options.targetUser === username
    return yield* auth.replacing(
      Effect.gen(function* () {
        const inUse = yield* auth.apiKey
        const old = key instanceof ApiKey ? key.token : name === "Master" && own ? inUse : undefined
        const settle = (failure: AmbiguousFailure) =>
          Effect.flatMap(lookUp(keyUrl, query, failure), (found) =>
            found !== undefined && old !== undefined && Redacted.value(found.token) !== Redacted.value(old)
              ? Effect.succeed(found)
              : notDone(failure)
          )
        const read = (response: WireResponse): Effect.Effect<ApiKey, RegenerateReason> =>
          response.status === 200
            ? Effect.fromResult(readKey(response))
            : readRegenerateFailure(response, name, options?.targetUser)
        const next = yield* asMaster(
          wire.write<ApiKey, RegenerateReason>(
            // the new token of the key in use cannot be asked for under the old one
            {
              method: "POST",
              api: "auth",
              path,
              query,
              yieldsToken: true,
              yieldsOnlyCopy: old !== undefined && Redacted.value(old) === Redacted.value(inUse)
            },
            read,
            settle
          )
        )
        // only the master key may do this, so a master key that changed is the key in use
        return {
          from: next.type === "master" && own ? inUse : key instanceof ApiKey ? key.token : undefined,
          key: next
        }
      })
    )
  })

  const remove = Effect.fnUntraced(function* (
    key: string | ApiKey,
    options?: TargetUserOptions
  ): Effect.fn.Return<void, DeleteReason> {
    const name = yield* Effect.fromResult(existingName(nameOf(key)))
    if (isProtected(key, "delete")) return yield* new ApiKeyProtected({ name, action: "delete" })
    const path = yield* Effect.fromResult(keyPath(name))
    const query = yield* Effect.fromResult(targetQuery(options))
    yield* asMaster(
      wire.send({ method: "DELETE", api: "auth", path, query }, (response): Effect.Effect<void, DeleteReason> => {
        const { attempts, status, text } = response
        // a key that is not there when it is deleted again was deleted by the answer that was lost
        const isRepeated = status === 404 && attempts > 1
        const isDone = status === 204 || (status === 200 && (text === "" || parse(text) !== undefined))
        return isDone || isRepeated ? Effect.void : readDeleteFailure(response, name, options?.targetUser)
      })
    )
  })

  const whoami = Effect.gen(function* () {
    const { keys } = yield* readList([["per_page", "1"]])
    // master sorts first, and every other key sees only itself
    const [key] = keys
    return key ?? (yield* new HiddenApiKey())
  })

  return {
    create: (options) => create(options).pipe(operation("ApiKeyManager.create", username)),
    get: (name, options) => get(name, options).pipe(operation("ApiKeyManager.get", username)),
    getOption: (name, options) =>
      get(name, options).pipe(
        Effect.asSome,
        Effect.catchTag("ApiKeyNotFound", () => Effect.succeed(Option.none<ApiKey>())),
        operation("ApiKeyManager.getOption", username)
      ),
    list: (options) => collect(options).pipe(operation("ApiKeyManager.list", username)),
    stream: (options) =>
      pages(options ?? {}).pipe(Stream.mapError((reason) => cartoError("ApiKeyManager.stream", reason))),
    regenerate: (key, options) => regenerate(key, options).pipe(operation("ApiKeyManager.regenerate", username)),
    delete: (key, options) => remove(key, options).pipe(operation("ApiKeyManager.delete", username)),
    whoami: whoami.pipe(operation("ApiKeyManager.whoami", username)),
    isValid: (key) =>
      readList([["per_page", "1"]]).pipe(
        Auth.withApiKey(key),
        Effect.as(true),
        Effect.catchTag("Unauthenticated", () => Effect.succeed(false)),
        operation("ApiKeyManager.isValid", username)
      )
  }
})

const ApiKeyManagerBase: Context.ServiceClass<ApiKeyManager, "effect-carto/ApiKeyManager", ApiKeyManagerService> =
  Context.Service<ApiKeyManager, ApiKeyManagerService>()("effect-carto/ApiKeyManager")
/** The Auth API: creates, lists, regenerates and deletes API keys. */
export class ApiKeyManager extends ApiKeyManagerBase {
  /** Never shared by two accounts: layers are otherwise built once, under whichever account comes first. */
  static readonly layer: Layer.Layer<ApiKeyManager, never, Auth | HttpClient> = Layer.fresh(
    Layer.effect(ApiKeyManager, make)
  )
}
