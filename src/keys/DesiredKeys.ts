/**
 * The keys that an account should have, as data: from code, or from a file that is kept beside it.
 * @module
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import type { GrantsRequest } from "../account/Grants.ts"
import { apis, schemaPermissions, services, tablePermissions, userData } from "../account/grantVocabulary.ts"
import { InvalidInput } from "../errors/Call.ts"
import type { CartoErrorOf } from "../errors/CartoError.ts"
import { cartoError } from "../errors/internal/cartoError.ts"
import { refuse } from "../errors/internal/invalidInput.ts"
import { printable } from "../errors/internal/printable.ts"
import { toJson } from "./internal/text/jsonc.ts"
import { findProblem, type Shape } from "./internal/text/shape.ts"

/** A key that should exist, and its grants. */
export interface DesiredKey extends GrantsRequest {
  /** The base name of the key, which begins with the prefix. The full name counts generations: `maps-tiles~2~5d9ce011`. */
  readonly name: string
}

/** The keys that an account should have. */
export interface DesiredKeys {
  /**
   * Regular keys whose names begin with it are managed, and deleted if they are not desired. `""` manages every regular key.
   * Prefixes of several plans for one account must not begin one another.
   */
  readonly prefix: string
  /** The keys that should exist, each of another name. */
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

/** Decodes desired keys from data of that shape. */
export const DesiredKeys: Schema.Decoder<DesiredKeys> = Schema.Struct({
  prefix: Schema.String,
  keys: Schema.Array(key)
})

const text: Shape = { type: "string" }
const listOf = (...values: ReadonlyArray<string>): Shape => ({ listOf: { oneOf: values } })

/** The same, for messages that say what to do. */
const shape: Shape = {
  required: ["prefix", "keys"],
  fields: {
    prefix: text,
    keys: {
      listOf: {
        required: ["name"],
        fields: {
          name: text,
          apis: listOf(...apis),
          tables: {
            listOf: {
              required: ["name", "permissions"],
              fields: { name: text, permissions: listOf(...tablePermissions), schema: text }
            }
          },
          schemas: {
            listOf: {
              required: ["name", "permissions"],
              fields: { name: text, permissions: listOf(...schemaPermissions) }
            }
          },
          tableMetadata: { type: "boolean" },
          services: listOf(...services),
          user: listOf(...userData),
          datasets: { listOf: text }
        }
      }
    }
  }
}

const decode = SchemaParser.decodeUnknownResult(DesiredKeys)

const read = (given: string): Result.Result<DesiredKeys, InvalidInput> => {
  // the type allows nothing else, JavaScript does
  if (typeof given !== "string") return refuse("text", given, "give the text of a file")
  const unreadable = (remedy: string) =>
    new InvalidInput({ field: "text", received: `a text of ${given.length} characters`, remedy })
  return Result.gen(function* () {
    const json = yield* Result.try({
      try: (): unknown => JSON.parse(toJson(given)),
      catch: (error) => unreadable(`correct its JSON: ${printable(String(error))}`)
    })
    const problem = findProblem(json, shape)
    if (problem !== undefined) return yield* Result.fail(problem)
    return yield* Result.mapError(decode(json), () => unreadable("give { prefix, keys }"))
  })
}

/**
 * Reads desired keys from JSON, which may have comments, trailing commas and a byte order mark. Fails with `InvalidInput`,
 * which names the place, if the text is not JSON, not of that shape, or has an unknown property.
 */
export const fromJsonc = (text: string): Effect.Effect<DesiredKeys, CartoErrorOf<InvalidInput>> =>
  Effect.mapError(Effect.fromResult(read(text)), (reason) => cartoError("DesiredKeys.fromJsonc", reason))
