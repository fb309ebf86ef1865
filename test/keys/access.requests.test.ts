/** The number of requests that reviews of keys send, with scripted responses. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sql } from "../../src/index.ts"
import * as AccessMatrix from "../../src/keys/AccessMatrix.ts"
import * as Audit from "../../src/keys/Audit.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import {
  type Asked,
  json,
  provideScript,
  result,
  scriptedFetch,
  type ScriptedFetch,
  wireKey
} from "../support/scriptedFetch.ts"

const key = (name: string, type = "regular") => wireKey({ name, type, token: `token of ${name}`.replaceAll(" ", "-") })

/** The text of the statement that a request runs. */
const statementOf = ({ body }: Asked): string => {
  const parsed: unknown = body.startsWith("{") ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
  return typeof parsed === "object" && parsed !== null && "q" in parsed ? String(parsed.q) : ""
}

const table = (oid: number) => ({
  oid,
  schema_oid: 1,
  schema: "public",
  current: true,
  name: `t${oid}`,
  kind: "r",
  own: true
})

/** A stored SELECT from the relation 7, in the form of PostgreSQL 15. */
const tree = `({QUERY :commandType 1 :resultRelation 0 :rtable ({RANGETBLENTRY :eref {ALIAS :aliasname a} :rtekind 0 :relid 7 :requiredPerms 2 :selectedCols (b 8) :insertedCols (b)}) :targetList <>})`

/** An account with so many regular keys and tables. */
const account = (keys: number, tables: number): ScriptedFetch =>
  scriptedFetch((asked) => {
    if (asked.url.includes("/api_keys")) {
      const all = [
        key("Master", "master"),
        key("Default public", "default"),
        ...Array.from({ length: keys }, (_, index) => key(`key ${index}`))
      ]
      const { searchParams } = new URL(asked.url)
      const [page, size] = [Number(searchParams.get("page") ?? 1), Number(searchParams.get("per_page") ?? 20)]
      const shown = all.slice((page - 1) * size, page * size)
      return json({ total: all.length, count: shown.length, result: shown, _links: {} })
    }
    const statement = statementOf(asked)
    const rows = statement.includes("effect_carto_analysis")
      ? Array.from({ length: statement.split("FROM plain").length }, (_, n) => ({
          kind: "statement",
          oid: n + 1,
          data: { tree, refs: [] }
        }))
      : statement.includes("pg_namespace n\nLEFT JOIN")
        ? Array.from({ length: tables }, (_, index) => table(index + 10))
        : []
    return json(result({ rows }))
  })

/** The requests of a program, by API. */
const count = Effect.fnUntraced(function* <E>(
  script: ScriptedFetch,
  program: Effect.Effect<
    unknown,
    E,
    Parameters<ReturnType<typeof provideScript>>[0] extends Effect.Effect<unknown, unknown, infer R> ? R : never
  >
) {
  yield* program.pipe(provideScript(script))
  const lists = script.asked.filter(({ url }) => url.includes("/api_keys")).length
  return { lists, queries: script.asked.length - lists }
})

describe("requests of reviews", () => {
  it.effect("a matrix and an audit send one request for each key and a fixed number of others", () =>
    Effect.gen(function* () {
      for (const keys of [10, 40, 160]) {
        const matrix = yield* count(account(keys, 300), AccessMatrix.make())
        // the catalog, the default public key and the master key
        assert.strictEqual(matrix.queries, keys + 3)
        const audit = yield* count(account(keys, 300), Audit.audit({ personalData: true }))
        assert.strictEqual(audit.queries, keys + 4)
        assert.isAtMost(matrix.lists, 2 + Math.ceil(keys / 20))
      }
    })
  )
  it.effect("infer sends three requests for any number of statements", () =>
    Effect.gen(function* () {
      for (const statements of [1, 10, 200]) {
        const list = Array.from({ length: statements }, () => sql`SELECT n FROM plain`)
        const { lists, queries } = yield* count(account(1, 1), LeastPrivilege.infer(list))
        assert.deepStrictEqual([lists, queries], [0, 3])
      }
    })
  )
  it.effect("audit refuses an invalid pattern before any request", () => {
    const script = account(1, 1)
    // @ts-expect-error a text is not a pattern
    return Effect.flip(Audit.audit({ personalData: "email" })).pipe(
      Effect.map(({ reason }) => assert.deepStrictEqual([reason._tag, script.asked.length], ["InvalidInput", 0])),
      provideScript(script)
    )
  })
})
