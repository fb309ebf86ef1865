/** What the host wants of CARTO, in its own terms: rows checked by `@effect/schema`, failures by their tags. */
import * as Schema from "@effect/schema/Schema"
import { sql } from "carto"
import { Data, Effect } from "effect"
import { Carto } from "./Carto.ts"

export class Tornado extends Schema.Class<Tornado>("Tornado")({
  year: Schema.Int,
  state: Schema.String,
  magnitude: Schema.Int.pipe(Schema.between(0, 5))
}) {}

export class Busy extends Data.TaggedError("Busy") {}

const decode = Schema.decodeUnknown(Schema.Array(Tornado))

/** The tornadoes of a state, the strongest first; none where the key may not read them. */
export const strongest = (state: string) =>
  Effect.gen(function* () {
    const carto = yield* Carto
    const { rows } = yield* carto.use((client, signal) =>
      client.sql.query(
        sql`SELECT year, state, magnitude FROM tornadoes WHERE state = ${state} ORDER BY magnitude DESC LIMIT 3`,
        {},
        { signal }
      )
    )
    return yield* decode(rows)
  }).pipe(
    Effect.catchTag("PermissionDenied", () => Effect.succeed<ReadonlyArray<Tornado>>([])),
    Effect.catchTag("RateLimited", () => new Busy())
  )
