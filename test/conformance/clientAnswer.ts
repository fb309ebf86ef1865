/**
 * Gives a recorded response to every operation of the client's API. Each operation must end with a declared value or a
 * `CartoError`, never with a defect.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKeyManager, BatchSql, Carto, CopySql, Grants, isCartoError, Sql, sql } from "../../src/index.ts"

export interface RecordedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer> | string
}

type Operation = Effect.Effect<unknown, unknown, Carto.CartoServices>

const authOperations: Readonly<Record<string, Operation>> = {
  create: ApiKeyManager.use((keys) =>
    keys.create({ name: "a", tables: [Grants.table("t", ["select"])], schemas: [Grants.schema("public")] })
  ),
  "create for a member": ApiKeyManager.use((keys) => keys.create({ name: "a", targetUser: "mary" })),
  get: ApiKeyManager.use((keys) => keys.get("a")),
  getOption: ApiKeyManager.use((keys) => keys.getOption("a")),
  list: ApiKeyManager.use((keys) => keys.list({ targetUser: "mary" })),
  regenerate: ApiKeyManager.use((keys) => keys.regenerate("a")),
  delete: ApiKeyManager.use((keys) => keys.delete("a")),
  whoami: ApiKeyManager.use((keys) => keys.whoami),
  isValid: ApiKeyManager.use((keys) => keys.isValid(Redacted.make("a")))
}

const sqlOperations: Readonly<Record<string, Operation>> = {
  query: Sql.use((db) => db.query(sql`SELECT 1`)),
  "query with a schema": Sql.use((db) => db.query(sql`SELECT 1`, { schema: Schema.Struct({ a: Schema.String }) })),
  export: Sql.use((db) =>
    Effect.flatMap(db.export(sql`SELECT 1`, { format: "geojson" }), ({ bytes }) => Stream.runDrain(bytes))
  ),
  stream: Sql.use((db) => Stream.runDrain(db.stream(sql`SELECT 1`))),
  "copy to": CopySql.use((copy) => Stream.runDrain(copy.to(sql`COPY t TO STDOUT`))),
  "copy from": CopySql.use((copy) => copy.from(sql`COPY t FROM STDIN`, Stream.make(new Uint8Array([49, 10])))),
  "job create": BatchSql.use((batch) => batch.create(sql`SELECT 1`)),
  "job get": BatchSql.use((batch) => batch.get("j")),
  "job cancel": BatchSql.use((batch) => batch.cancel("j"))
}

const toResponse = ({ body, headers, status }: RecordedAnswer): Response => {
  const hasBody = status !== 204 && status !== 304
  // the bytes are here as they were decoded
  const { "content-encoding": _, "content-length": __, "transfer-encoding": ___, ...rest } = headers
  return new Response(hasBody ? body : null, { status, headers: rest })
}

/** What is wrong with the client's reading of an answer, if anything. */
export const clientProblems = async (api: "auth" | "sql", answer: RecordedAnswer): Promise<ReadonlyArray<string>> => {
  const services = Carto.layer({ username: "alice", apiKey: Redacted.make("k"), retry: false }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, async () => toResponse(answer)))
  )
  const problems: Array<string> = []
  for (const [name, operation] of Object.entries(api === "auth" ? authOperations : sqlOperations)) {
    const exit = await Effect.runPromiseExit(Effect.provide(operation, services))
    if (Exit.isSuccess(exit)) continue
    const declared = exit.cause.reasons.every((reason) => Cause.isFailReason(reason) && isCartoError(reason.error))
    if (!declared) problems.push(`client, ${name}: ${Cause.pretty(exit.cause)}`)
  }
  return problems
}
