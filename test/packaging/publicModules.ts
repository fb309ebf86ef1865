/** The public modules: the exports of package.json and deno.json and the README's table are made from this list. */

interface Module {
  /** What is imported after `effect-carto/`; `.` is the package itself. */
  readonly path: string
  /** Below `src/`, without `.ts`. */
  readonly source: string
}

interface Room {
  readonly title: string
  readonly guide: string
  readonly modules: ReadonlyArray<Module>
}

/** Modules whose source lies in one folder under the same name: `Sql` in `sql/Sql.ts`. */
const inFolder = (folder: string, ...names: ReadonlyArray<string>): ReadonlyArray<Module> =>
  names.map((name) => ({ path: name, source: `${folder}/${name}` }))

/** Modules whose import path is their folder and name: `keys/Lease` in `keys/Lease.ts`. */
const underFolder = (folder: string, ...names: ReadonlyArray<string>): ReadonlyArray<Module> =>
  names.map((name) => ({ path: `${folder}/${name}`, source: `${folder}/${name}` }))

const index = (folder: string): Module => ({ path: folder, source: `${folder}/index` })

export const rooms: ReadonlyArray<Room> = [
  {
    title: "Accounts and transports",
    guide: "src/account/README.md",
    modules: [
      { path: ".", source: "index" },
      { path: "Carto", source: "Carto" },
      ...inFolder("account", "Auth", "ApiKey", "Grants"),
      ...underFolder("runtime", "deno", "node", "workers")
    ]
  },
  {
    title: "Errors, retries and every method",
    guide: "src/errors/README.md",
    modules: inFolder("errors", "CartoError")
  },
  {
    title: "Statements and results",
    guide: "src/sql/README.md",
    modules: inFolder("sql", "Sql", "Statement", "CopySql", "BatchSql", "Column", "GeoJson", "Keyset", "SqlClient")
  },
  {
    title: "API keys, leases, rotation, plans and least privilege",
    guide: "src/keys/README.md",
    modules: [
      ...inFolder("keys", "ApiKeyManager"),
      ...underFolder(
        "keys",
        "Lease",
        "LeasePool",
        "Rotation",
        "DesiredKeys",
        "Plan",
        "Verification",
        "LeastPrivilege",
        "Audit",
        "AccessMatrix"
      )
    ]
  },
  {
    title: "Rate limits",
    guide: "src/rate-limit/README.md",
    modules: [
      ...inFolder("rate-limit", "RateGovernor"),
      { path: "rate-limit/durable-object", source: "rate-limit/DurableObject" }
    ]
  },
  {
    title: "Promises, without Effect",
    guide: "src/promise/README.md",
    modules: [index("promise"), ...underFolder("promise", "copy", "batch", "keyset", "lifecycle", "pool", "access")]
  },
  {
    title: "An account for each test",
    guide: "src/testing/README.md",
    modules: [index("testing"), ...underFolder("testing", "globalSetup", "globalTeardown")]
  },
  { title: "The embedded CARTO", guide: "src/emulator/README.md", modules: [index("emulator")] }
]

export const modules: ReadonlyArray<Module> = rooms.flatMap((room) => room.modules)
