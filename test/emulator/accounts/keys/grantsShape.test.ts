import { assert, describe, it } from "@effect/vitest"
import type * as Schema from "effect/Schema"
import { shapeMessages } from "../../../../src/emulator/accounts/keys/grantsShape.ts"

const apis = { type: "apis", apis: ["sql", "maps"] }

// The uuid of the schema means nothing to a client.
const messages = (grants: Schema.Json | undefined) =>
  shapeMessages(grants).map((message) => message.replaceAll(/ in schema [0-9a-f-]{36}#/g, " IN SCHEMA"))

describe("the shape of grants", () => {
  const cases: ReadonlyArray<readonly [string, Schema.Json | undefined, ReadonlyArray<string>]> = [
    ["nothing", undefined, ['Grants ["grants has to be an array"]']],
    ["null", null, ['Grants ["grants has to be an array"]']],
    [
      "a number",
      1,
      [
        "Grants wrongly formatted (not a Hash or invalid JSON)",
        'Grants ["grants has to be an array"]',
        "Grants The property '#/' of type Integer did not match the following type: array IN SCHEMA"
      ]
    ],
    [
      "an object",
      { type: "apis" },
      [
        'Grants ["grants has to be an array"]',
        "Grants The property '#/' of type ActiveSupport::HashWithIndifferentAccess did not match the following type: array IN SCHEMA"
      ]
    ],
    ["no section", [], ["Grants only one apis section is allowed"]],
    [
      "two of three sections",
      [apis, apis, { type: "user" }, { type: "user" }],
      ["Grants only one apis section is allowed", "Grants only one user section is allowed"]
    ],
    ["the least", [{ type: "apis", apis: [] }], []],
    ["lists of another section", [{ ...apis, tables: [], services: ["routing"], data: ["profile"] }], []],
    ["duplicates", [{ type: "apis", apis: ["sql", "sql"] }], []],
    [
      "violations of two sections, all behind one prefix",
      [{ type: "apis", apis: "sql" }, {}],
      [
        "Grants The property '#/0/apis' of type String did not match the following type: array IN SCHEMA, " +
          "The property '#/1' did not contain a required property of 'type' IN SCHEMA"
      ]
    ],
    [
      "required members, then additional ones, then properties",
      [apis, { type: "database", tables: [{ name: 1, x: null, owner: "no" }] }],
      [
        "Grants The property '#/1/tables/0' did not contain a required property of 'schema' IN SCHEMA, " +
          "The property '#/1/tables/0' did not contain a required property of 'permissions' IN SCHEMA, " +
          `The property '#/1/tables/0' contains additional properties ["x"] outside of the schema when none are allowed IN SCHEMA, ` +
          "The property '#/1/tables/0/name' of type Integer did not match the following type: string IN SCHEMA, " +
          "The property '#/1/tables/0/owner' of type String did not match the following type: boolean IN SCHEMA"
      ]
    ],
    [
      "type, then value",
      [{ type: "apis", apis: [true] }],
      [
        "Grants The property '#/0/apis/0' of type TrueClass did not match the following type: string IN SCHEMA, " +
          "The property '#/0/apis/0' value true did not match one of the following values: sql, maps, do IN SCHEMA"
      ]
    ],
    [
      "a name that is a property of every object",
      [{ type: "apis", apis: [], constructor: 1 }],
      [
        `Grants The property '#/0' contains additional properties ["constructor"] outside of the schema when none are allowed IN SCHEMA`
      ]
    ]
  ]
  for (const [name, grants, expected] of cases) {
    it(`wrong grants are reported as in CARTO: ${name}`, () => assert.deepStrictEqual(messages(grants), expected))
  }
})
