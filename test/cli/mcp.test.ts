/** `effect-carto mcp`, driven by the client of the Model Context Protocol's own SDK. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import process from "node:process"
import { assertWithout, Cli } from "./Cli.ts"

layer(Cli.layer, { excludeTestServices: true, timeout: "120 seconds" })("effect-carto mcp", (it) => {
  it.effect("serves the named tables under a lease, refuses everything else, and revokes the lease at the end", () =>
    Effect.gen(function* () {
      const { environment, file, masterKey, succeed } = yield* Cli
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [file, "mcp", "--table", "tornadoes"],
        env: { ...environment },
        stderr: "pipe"
      })
      const client = new Client({ name: "test", version: "1.0.0" })
      const texts: Array<string> = []
      const call = (name: string, args: Record<string, unknown> = {}) =>
        Effect.map(
          Effect.promise(() => client.callTool({ name, arguments: args })),
          (result) => {
            texts.push(JSON.stringify(result))
            return result
          }
        )
      yield* Effect.acquireRelease(
        Effect.promise(() => client.connect(transport)),
        () => Effect.promise(() => client.close())
      )
      const { tools } = yield* Effect.promise(() => client.listTools())
      assert.deepStrictEqual(
        tools.map(({ name }) => name),
        ["list_tables", "run_sql", "explain_refusal"]
      )
      assert.isTrue(tools.every(({ annotations }) => annotations?.readOnlyHint === true))
      assert.include(yield* succeed(["keys", "list", "-o", "csv"]), "lease~mcp~")

      const listed = yield* call("list_tables")
      assert.include(JSON.stringify(listed.structuredContent), '"name":"tornadoes"')
      assert.notInclude(JSON.stringify(listed.structuredContent), "storm_reports")
      const rows = yield* call("run_sql", { statement: "SELECT cartodb_id FROM tornadoes ORDER BY 1", maxRows: 2 })
      assert.deepStrictEqual(rows.structuredContent, {
        rows: [{ cartodb_id: 1 }, { cartodb_id: 2 }],
        totalRows: 400,
        isComplete: false
      })
      for (const statement of [
        "SELECT * FROM storm_reports",
        "DELETE FROM tornadoes",
        "CREATE TABLE x (a int)",
        "SELECT * FROM pg_catalog.pg_class"
      ]) {
        const refused = yield* call("run_sql", { statement })
        assert.isTrue(refused.isError, statement)
      }
      const why = yield* call("explain_refusal", { statement: "SELECT * FROM storm_reports" })
      assert.match(
        JSON.stringify(why.structuredContent),
        /^\{"refused":true,"reason":"permission denied for table storm_reports/
      )
      assertWithout(masterKey, ...texts)

      yield* Effect.promise(() => client.close())
      assert.notInclude(yield* succeed(["keys", "list", "-o", "csv"]), "lease~mcp~")
    })
  )

  it.effect("refuses to start without tables, or with a permission to write", () =>
    Effect.gen(function* () {
      const { run } = yield* Cli
      for (const args of [["mcp"], ["mcp", "--table", "tornadoes:select,insert"]]) {
        const { exitCode, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual([exitCode, stdout], [2, ""])
        assert.include(stderr, "--table")
      }
    })
  )
})
