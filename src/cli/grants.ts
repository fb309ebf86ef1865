/** Grants as flags: `--table public.tornadoes:select,insert`, `--schema public`, `--api sql`, `--service geocoding`. */
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Grants from "../account/Grants.ts"
import { usage } from "./failure.ts"

const list = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.atLeast(0))

const choices = <const Choices extends ReadonlyArray<string>>(name: string, values: Choices, description: string) =>
  Flag.Literals(name, values).pipe(Flag.withMetavar("NAME"), Flag.withDescription(description), Flag.atLeast(0))

export const grantFlags = {
  table: list("table", "TABLE:PERMISSIONS", "A table: [SCHEMA.]NAME:select,insert,update,delete; repeatable"),
  schema: list("schema", "NAME", "A schema in which the key may create tables; repeatable"),
  api: choices("api", ["sql", "maps"], "An API that the key may use; repeatable (default: sql and maps)"),
  service: choices("service", ["geocoding", "routing", "isolines", "observatory"], "A data service; repeatable"),
  dataset: list("dataset", "NAME", "A data set of the data observatory; repeatable"),
  user: choices("user-data", ["profile"], "Data of the user; repeatable"),
  tableMetadata: Flag.Boolean("table-metadata").pipe(
    Flag.withDescription("The key may list the account's tables"),
    Flag.withDefault(false),
    Flag.withoutNegation
  )
}

export interface GrantFlags {
  readonly table: ReadonlyArray<string>
  readonly schema: ReadonlyArray<string>
  readonly api: ReadonlyArray<Grants.Api>
  readonly service: ReadonlyArray<Grants.Service>
  readonly dataset: ReadonlyArray<string>
  readonly user: ReadonlyArray<Grants.UserData>
  readonly tableMetadata: boolean
}

const part = /^(?:"((?:[^"]|"")+)"|([^".:]+))/

/** `name`, `schema.name`, with double quotes around what holds a dot, a colon or a quote. */
export const parseName = (text: string): ReadonlyArray<string> | undefined => {
  const parts: Array<string> = []
  let rest = text
  while (true) {
    const found = part.exec(rest)
    if (found === null) return undefined
    parts.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "")
    rest = rest.slice(found[0].length)
    if (rest === "") return parts
    if (!rest.startsWith(".") || parts.length === 2) return undefined
    rest = rest.slice(1)
  }
}

const tablePermissions: ReadonlyArray<string> = ["select", "insert", "update", "delete"]

const isTablePermission = (text: string): text is Grants.TablePermission => tablePermissions.includes(text)

const readTable = Effect.fnUntraced(function* (text: string) {
  const colon = text.lastIndexOf(":")
  const [name, permissions] =
    colon === -1 || text.endsWith('"') ? [text, ["select"]] : [text.slice(0, colon), text.slice(colon + 1).split(",")]
  const parts = parseName(name)
  const wrong = permissions.find((permission) => !isTablePermission(permission))
  if (parts === undefined || wrong !== undefined) {
    return yield* usage(
      `--table ${text}: give [SCHEMA.]NAME:PERMISSIONS with permissions of ${tablePermissions.join(", ")}, as public.tornadoes:select,insert`
    )
  }
  const [one = "", two] = parts
  const held = permissions.filter(isTablePermission)
  return two === undefined ? Grants.table(one, held) : Grants.table(two, held, { schema: one })
})

/** Grants on tables: `name`, `schema.name:select,insert`. */
export const readTables = (texts: ReadonlyArray<string>) => Effect.forEach(texts, readTable)

/** The grants that flags ask for. The library checks the names of APIs and services. */
export const readGrants = Effect.fnUntraced(function* (flags: GrantFlags) {
  const some = <A>(values: ReadonlyArray<A>) => (values.length === 0 ? undefined : values)
  return {
    apis: some(flags.api),
    tables: some(yield* readTables(flags.table)),
    schemas: some(flags.schema.map((name) => Grants.schema(name))),
    tableMetadata: flags.tableMetadata ? true : undefined,
    services: some(flags.service),
    datasets: some(flags.dataset),
    user: some(flags.user)
  } satisfies Grants.GrantsRequest
})
