/** The library's own part of a copy, in a process of its own: `cliPeer.ts to|rows|from PORT [FILE]`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import process from "node:process"
import { Carto, CopySql, sql } from "../../src/index.ts"
import { tables } from "./workload.ts"

const [name = "", port = "", file = ""] = process.argv.slice(2)

const toStdout = (table: string) =>
  Effect.gen(function* () {
    const stdio = yield* Stdio.Stdio
    const { to } = yield* CopySql
    yield* Stream.run(to(sql`COPY ${sql.identifier(table)} TO STDOUT`), stdio.stdout({ endOnDone: false }))
  })

const cases: Readonly<Record<string, Effect.Effect<unknown, unknown, CopySql | FileSystem.FileSystem | Stdio.Stdio>>> =
  {
    to: toStdout(tables.copy),
    rows: toStdout(tables.rows),
    from: Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const { from } = yield* CopySql
      yield* from(sql`COPY storms FROM STDIN`, files.stream(file, { chunkSize: 1 << 16 }), { gzip: true })
    })
  }

const carto = Carto.layer({ baseUrl: `http://127.0.0.1:${port}/user/demo`, apiKey: Redacted.make("master") }).pipe(
  Layer.provide(FetchHttpClient.layer)
)
await Effect.runPromise(Effect.provide(cases[name] ?? Effect.die(name), Layer.mergeAll(carto, NodeServices.layer)))
process.exit()
