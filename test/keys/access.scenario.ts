/** Verification, least privilege, audit and matrix as one program for Node and workerd. */
import * as Effect from "effect/Effect"
import { ApiKeyManager, type CartoError, Grants, type Sql, sql } from "../../src/index.ts"
import * as Audit from "../../src/keys/Audit.ts"
import * as LeastPrivilege from "../../src/keys/LeastPrivilege.ts"
import * as AccessMatrix from "../../src/keys/AccessMatrix.ts"
import * as Verification from "../../src/keys/Verification.ts"

export const tables = `
  CREATE TABLE storms (id serial PRIMARY KEY, name text, year int);
  CREATE TABLE customers (id int, email text);
  CREATE VIEW recent AS SELECT name FROM storms WHERE year > 2020`

export const scenario: Effect.Effect<Readonly<Record<string, unknown>>, CartoError, ApiKeyManager | Sql> = Effect.gen(
  function* () {
    const keys = yield* ApiKeyManager
    const statements = { report: sql`SELECT * FROM recent`, load: sql`INSERT INTO storms (name) VALUES ('a')` }
    const { grants } = yield* LeastPrivilege.infer(statements, { verify: true })
    const key = yield* Verification.createVerified({ name: "app", ...grants })
    const other = yield* keys.create({ name: "wide", tables: [Grants.table("customers", ["select", "delete"])] })
    const audit = yield* Audit.audit({ statements, personalData: true })
    const matrix = yield* AccessMatrix.make()
    const saw = {
      grants,
      can: [yield* Verification.can(key, "insert", "storms"), yield* Verification.can(key, "select", "storms")],
      missing: (yield* Verification.verifyGrants(key)).missing,
      audit: Audit.toText(audit).split("\n"),
      matrix: AccessMatrix.toText(matrix).split("\n"),
      svg: AccessMatrix.toSvg(matrix).length
    }
    yield* keys.delete(key)
    yield* keys.delete(other)
    return saw
  }
)
