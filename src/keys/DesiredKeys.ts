/** The keys that an account is to have, as data: from code, or from a file that is kept beside it. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import type { GrantsRequest } from "../account/Grants.ts"
import { apis, schemaPermissions, services, tablePermissions, userData } from "../account/grantVocabulary.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { describeIssue } from "../sql/internal/schema/describeIssue.ts"
import { InvalidInput } from "../errors/Call.ts"
import { toJson } from "./internal/text/jsonc.ts"

export interface DesiredKey extends GrantsRequest {
  /** What the key is asked for by, and its base name: see `Generation`. Begins with the prefix. */
  readonly name: string
}

export interface DesiredKeys {
  /** Whose names begin with it are managed, and deleted where they are not desired. `""` manages every regular key. */
  readonly prefix: string
  readonly keys: ReadonlyArray<DesiredKey>
}

const key = Schema.Struct({
  name: Schema.String,
  apis: Schema.optionalKey(Schema.Array(Schema.Literals(apis))),
  tables: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        name: Schema.String,
        permissions: Schema.Array(Schema.Literals(tablePermissions)),
        schema: Schema.optionalKey(Schema.String)
      })
    )
  ),
  schemas: Schema.optionalKey(
    Schema.Array(Schema.Struct({ name: Schema.String, permissions: Schema.Array(Schema.Literals(schemaPermissions)) }))
  ),
  tableMetadata: Schema.optionalKey(Schema.Boolean),
  services: Schema.optionalKey(Schema.Array(Schema.Literals(services))),
  user: Schema.optionalKey(Schema.Array(Schema.Literals(userData))),
  datasets: Schema.optionalKey(Schema.Array(Schema.String))
})

/** Desired keys as JSON holds them. */
export const DesiredKeys: Schema.Decoder<DesiredKeys> = Schema.Struct({
  prefix: Schema.String,
  keys: Schema.Array(key)
})

const decode = SchemaParser.decodeUnknownResult(DesiredKeys, { onExcessProperty: "error" })

const unusable = (text: string, remedy: string): CartoErrorOf<InvalidInput> =>
  cartoError(
    "DesiredKeys.fromJsonc",
    new InvalidInput({ field: "text", received: `a text of ${text.length} characters`, remedy })
  )

/**
 * Desired keys from JSON, which may have comments and trailing commas. Fails with `InvalidInput`, which says where, for
 * what is not JSON, not of that shape, or has a property that is not known.
 */
export const fromJsonc = (text: string): Effect.Effect<DesiredKeys, CartoErrorOf<InvalidInput>> =>
  Effect.fromResult(
    Result.try({ try: (): unknown => JSON.parse(toJson(text)), catch: (error) => unusable(text, String(error)) }).pipe(
      Result.flatMap((json) =>
        Result.mapError(decode(json), (issue) => unusable(text, `mend what is wrong at ${describeIssue(issue)}`))
      )
    )
  )
