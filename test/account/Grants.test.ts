import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Vocabulary from "../../src/account/grantVocabulary.ts"
import { validate } from "../../src/account/grantsValidation.ts"
import { fromWire, toWire } from "../../src/account/grantsWire.ts"
import { Grants } from "../../src/index.ts"

const everything: Grants.GrantsRequest = {
  apis: ["sql", "maps", "do"],
  tables: [
    Grants.table("storms", ["select", "insert", "update", "delete"]),
    Grants.table("a.b", ["select"], { schema: "private" })
  ],
  schemas: [Grants.schema("public")],
  tableMetadata: true,
  services: ["geocoding", "routing", "isolines", "observatory"],
  user: ["profile"],
  datasets: ["carto.ds"]
}

const refusal = (request: unknown): string | undefined => {
  // JavaScript callers are not held by the type
  const problem: ReturnType<typeof validate> = Reflect.apply(validate, undefined, [request])
  return problem?.message
}

describe("a request for grants", () => {
  it("a request for grants may contain every API, permission and service", () => {
    assert.isUndefined(validate(everything))
    assert.isUndefined(validate({}))
    assert.isUndefined(validate({ apis: [] }))
  })

  for (const [request, message] of [
    [{ apis: "sql" }, "apis is a string of 3 characters: give an array"],
    [{ apis: ["SQL"] }, "apis[0] is a string of 3 characters: use one of sql, maps, do"],
    [{ services: ["geocoding", 1] }, "services[1] is 1: use one of geocoding, routing, isolines, observatory"],
    [{ user: ["email"] }, "user[0] is a string of 5 characters: use one of profile"],
    [{ datasets: [" "] }, "datasets[0] is a blank string: give the name as it stands in PostgreSQL, without quotes"],
    [{ tableMetadata: 1 }, "tableMetadata is 1: give true or false"],
    [
      { tables: [] },
      "tables is an empty array: an empty list grants nothing: name what to grant, or leave the list out"
    ],
    [
      { tables: Array(1) },
      'tables[0] is undefined: give schema and name apart: Grants.table("tornadoes", ["select"], { schema: "public" })'
    ],
    [
      { tables: [{ name: "s.t", permissions: ["select"] }] },
      'tables[0].name is a string of 3 characters: give schema and name apart: Grants.table("tornadoes", ["select"], { schema: "public" })'
    ],
    [
      { tables: [{ name: "t", permissions: [] }] },
      "tables[0].permissions is an empty array: an empty list grants nothing: name what to grant, or leave the list out"
    ],
    [
      { tables: [{ name: "t", permissions: ["read"] }] },
      "tables[0].permissions[0] is a string of 4 characters: use one of select, insert, update, delete"
    ],
    [
      { tables: [{ name: "t\0", permissions: ["select"] }] },
      "tables[0].name is a string of 2 characters: give the name as it stands in PostgreSQL, without quotes"
    ],
    [
      { tables: [{ name: "t", schema: "", permissions: ["select"] }] },
      "tables[0].schema is an empty string: give the name as it stands in PostgreSQL, without quotes"
    ],
    [{ schemas: ["public"] }, 'schemas[0] is a string of 6 characters: make it with Grants.schema("public")'],
    [
      { schemas: [{ name: "public", permissions: ["usage"] }] },
      "schemas[0].permissions[0] is a string of 5 characters: use one of create"
    ]
  ] as const) {
    it(`a request for grants is refused with ${message}`, () => {
      assert.strictEqual(refusal(request), message)
    })
  }

  it("a request for grants always has a section of apis, and no section that the caller does not name", () => {
    assert.deepStrictEqual(toWire({}, "public"), [{ type: "apis", apis: ["sql", "maps"] }])
    assert.deepStrictEqual(toWire({ apis: [], tableMetadata: true }, "public"), [
      { type: "apis", apis: [] },
      { type: "database", table_metadata: [] }
    ])
  })

  it("the grants of a request are read back from a response, in any order of sections", () => {
    const sections = toWire(everything, "public")
    for (const sent of [sections, sections.toReversed()]) {
      const grants = Result.getOrThrow(fromWire(sent))
      assert.isTrue(Grants.covers(grants, everything))
      assert.isTrue(Grants.covers(everything, grants))
      assert.deepStrictEqual(Grants.union(Grants.toRequest(grants).request, {}), Grants.union(everything, {}))
      assert.deepStrictEqual(Grants.toRequest(grants).dropped, [])
    }
  })
})

describe("the grants of a response", () => {
  for (const [input, problem] of [
    [undefined, "grants is not an array"],
    [[null], "grants[0].type is malformed"],
    [[{ type: "apis", apis: [1] }], "grants[0].apis is malformed"],
    [[{ type: "dataservices", services: "routing" }], "grants[0].services is malformed"],
    [[{ type: "user" }, { type: "user", data: {} }], "grants[1].data is malformed"],
    [[{ type: "data-observatory", datasets: [null] }], "grants[0].datasets is malformed"],
    [[{ type: "database", tables: {} }], "grants[0].tables is malformed"],
    [[{ type: "database", tables: [{ name: "t", permissions: [] }] }], "grants[0].tables[0] is malformed"],
    [[{ type: "database", schemas: "public" }], "grants[0].schemas is malformed"],
    [[{ type: "database", schemas: [{ name: "public" }] }], "grants[0].schemas[0] is malformed"]
  ] as const) {
    it(`grants of a response are refused with ${problem}`, () => {
      assert.deepStrictEqual(fromWire(input), Result.fail(problem))
    })
  }

  it("unknown grants of a response are kept, and a request made from them leaves them out and names them", () => {
    const sections = [
      { type: "apis", apis: ["sql", "graphql"] },
      {
        type: "database",
        tables: [{ schema: "public", name: "storms", owner: true, permissions: ["select", "references"] }],
        schemas: [{ name: "public", permissions: ["usage"] }]
      },
      { type: "tiles", tiles: ["a"] }
    ]
    const grants = Result.getOrThrow(fromWire(sections))
    assert.deepStrictEqual(grants.sections, sections)
    assert.deepStrictEqual(Grants.toRequest(grants), {
      request: {
        apis: ["sql"],
        tables: [{ schema: "public", name: "storms", permissions: ["select"] }],
        schemas: undefined,
        tableMetadata: undefined,
        services: undefined,
        user: undefined,
        datasets: undefined
      },
      dropped: [
        "tables public.storms: owner",
        "tables public.storms: references",
        "schemas public: usage",
        "section tiles",
        "apis: graphql"
      ]
    })
  })
})

describe("the algebra of grants", () => {
  // each single grant of the vocabulary, and pairs that differ in one part alone
  const atoms: ReadonlyArray<Grants.GrantsLike> = [
    ...Vocabulary.listSections.flatMap(({ field, values = ["one", "two"] }) =>
      values.map((value) => ({ [field]: [value] }))
    ),
    ...Vocabulary.tablePermissions.flatMap((permission) =>
      ["a", "b"].map((name) => ({ tables: [{ name, permissions: [permission] }] }))
    ),
    { tables: [{ name: "a", schema: "s", permissions: ["select"] }] },
    { schemas: [{ name: "a", permissions: ["create"] }] },
    { tableMetadata: true }
  ]
  const random = (seed: number) => {
    let state = seed
    return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  }
  const empty = Grants.union({}, {})

  it("covers distinguishes each grant from every other", () => {
    for (const one of atoms) {
      for (const other of atoms) assert.strictEqual(Grants.covers(one, other), one === other)
    }
  })

  it("union, difference and covers follow the laws of sets", () => {
    const next = random(7)
    const some = () => atoms.filter(() => next() < 0.4).reduce((all, atom) => Grants.union(all, atom), empty)
    for (let round = 0; round < 100; round += 1) {
      const [a, b] = [some(), some()]
      assert.deepStrictEqual(Grants.union(a, b), Grants.union(b, a))
      assert.deepStrictEqual(Grants.union(a, a), a)
      assert.isTrue(Grants.covers(Grants.union(a, b), a))
      assert.deepStrictEqual(Grants.union(Grants.difference(a, b), b), Grants.union(a, b))
      assert.deepStrictEqual(Grants.difference(Grants.difference(a, b), a), empty)
      assert.strictEqual(Grants.covers(a, b), JSON.stringify(Grants.difference(b, a)) === JSON.stringify(empty))
    }
  })

  it("a table without a schema belongs to the default schema", () => {
    const own = { tables: [Grants.table("t", ["select"])] }
    const named = { tables: [Grants.table("t", ["select"], { schema: "mary" })] }
    assert.isFalse(Grants.covers(named, own))
    assert.isTrue(Grants.covers(named, own, { defaultSchema: "mary" }))
    assert.isTrue(Grants.covers({ tables: [Grants.table("t", ["select"], { schema: "public" })] }, own))
  })
})
