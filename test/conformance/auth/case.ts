/** The format of `auth-api-cases.json`. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export interface Key {
  readonly name: string
  readonly grants?: Schema.Json
  readonly type?: "regular" | "oauth"
}

export interface Statements {
  readonly sql?: ReadonlyArray<string>
  readonly sqlAdmin?: ReadonlyArray<string>
  readonly sqlAs?: { readonly [key: string]: ReadonlyArray<string> }
}

/** Something of the addressed account, or of accounts by username. */
export type PerUser<A> = A | { readonly [username: string]: A }

export interface Given extends Statements {
  readonly fixture: "solo" | "org"
  readonly engineEnabled?: PerUser<boolean>
  readonly locked?: PerUser<boolean>
  readonly quota?: PerUser<number | null>
  readonly keys?: ReadonlyArray<Key>
  readonly otherKeys?: { readonly [username: string]: ReadonlyArray<Key> }
  readonly schemas?: ReadonlyArray<string>
  readonly session?: string
  readonly publicTables?: ReadonlyArray<string>
}

export interface Request {
  readonly method: string
  readonly path: string
  readonly user?: string
  readonly auth?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Schema.Json
  readonly rawBody?: string
}

export interface Query {
  readonly as: string
  readonly query: string
  readonly rows?: ReadonlyArray<{ readonly [column: string]: Schema.Json }>
  readonly error?: string
}

export interface StoredHash {
  readonly key: string
  readonly hash: { readonly [field: string]: Schema.Json } | null
  readonly partial?: boolean
}

export interface Expect {
  readonly status: number
  readonly body?: Schema.Json
  readonly bodyShape?: Schema.Json
  readonly bodyText?: string
  readonly headers?: { readonly [name: string]: Schema.Json }
  readonly redis?: ReadonlyArray<StoredHash>
  readonly sql?: ReadonlyArray<Query>
}

export interface Exchange {
  readonly request: Request
  readonly expect: Expect
}

export interface Case extends Exchange {
  readonly id: string
  readonly basis?: string
  readonly given: Given
  readonly then?: ReadonlyArray<Exchange | Statements>
  readonly note?: string
}

const Strings = Schema.Array(Schema.String)

const Keys = Schema.Array(
  Schema.Struct({
    name: Schema.String,
    grants: Schema.optionalKey(Schema.Json),
    type: Schema.optionalKey(Schema.Literals(["regular", "oauth"]))
  })
)

const statements = {
  sql: Schema.optionalKey(Strings),
  sqlAdmin: Schema.optionalKey(Strings),
  sqlAs: Schema.optionalKey(Schema.Record(Schema.String, Strings))
}

const perUser = <A extends Schema.Top>(value: A) => Schema.Union([value, Schema.Record(Schema.String, value)])

const exchange = {
  request: Schema.Struct({
    method: Schema.String,
    path: Schema.String,
    user: Schema.optionalKey(Schema.String),
    auth: Schema.optionalKey(Schema.String),
    headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    body: Schema.optionalKey(Schema.Json),
    rawBody: Schema.optionalKey(Schema.String)
  }),
  expect: Schema.Struct({
    status: Schema.Finite,
    body: Schema.optionalKey(Schema.Json),
    bodyShape: Schema.optionalKey(Schema.Json),
    bodyText: Schema.optionalKey(Schema.String),
    headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
    redis: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({
          key: Schema.String,
          hash: Schema.NullOr(Schema.Record(Schema.String, Schema.Json)),
          partial: Schema.optionalKey(Schema.Boolean)
        })
      )
    ),
    sql: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({
          as: Schema.String,
          query: Schema.String,
          rows: Schema.optionalKey(Schema.Array(Schema.Record(Schema.String, Schema.Json))),
          error: Schema.optionalKey(Schema.String)
        })
      )
    )
  })
}

const Case: Schema.Codec<Case> = Schema.Struct({
  ...exchange,
  id: Schema.String,
  basis: Schema.optionalKey(Schema.String),
  given: Schema.Struct({
    ...statements,
    fixture: Schema.Literals(["solo", "org"]),
    engineEnabled: Schema.optionalKey(perUser(Schema.Boolean)),
    locked: Schema.optionalKey(perUser(Schema.Boolean)),
    quota: Schema.optionalKey(perUser(Schema.NullOr(Schema.Finite))),
    keys: Schema.optionalKey(Keys),
    otherKeys: Schema.optionalKey(Schema.Record(Schema.String, Keys)),
    schemas: Schema.optionalKey(Strings),
    session: Schema.optionalKey(Schema.String),
    publicTables: Schema.optionalKey(Strings)
  }),
  // oxlint-disable-next-line unicorn/no-thenable -- the format calls it so
  then: Schema.optionalKey(Schema.Array(Schema.Union([Schema.Struct(exchange), Schema.Struct(statements)]))),
  note: Schema.optionalKey(Schema.String)
})

/** Decodes one case. A member that the format does not have is refused, because it would go untested. */
export const decodeCase: (input: unknown) => Effect.Effect<Case, Schema.SchemaError> = Schema.decodeUnknownEffect(
  Case,
  { onExcessProperty: "error" }
)
