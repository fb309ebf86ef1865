/** The fixture `base` of the SQL API's cases: five accounts that share the database `acme_db`. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { AccountNotFound, Accounts } from "../../../src/emulator/accounts/accounts.ts"
import { type ConnectionError, type Database, type DatabaseError, Databases } from "../../../src/emulator/database.ts"
import { KeyStore, type KeyStoreService } from "../../../src/emulator/state/keyStore.ts"
import { userQuota } from "../../../src/emulator/schema/cartoSchema.ts"
import * as SqlApi from "../../../src/emulator/sql-api/sqlApi.ts"
import * as TestDatabases from "../../support/databases.ts"

const databaseName = "acme_db"
const quotaInBytes = 150 * 1024 * 1024

const roles = `
CREATE ROLE acme_owner LOGIN PASSWORD 'owner_password';
CREATE ROLE acme_public LOGIN PASSWORD 'public_password';
ALTER ROLE acme_public SET statement_timeout = 2000;
CREATE ROLE acme_reg_read LOGIN PASSWORD 'read_password';
ALTER ROLE acme_reg_read SET statement_timeout = 2000;
CREATE ROLE acme_reg_write LOGIN PASSWORD 'write_password';
ALTER ROLE acme_reg_write SET statement_timeout = 2000;
GRANT acme_public TO acme_reg_read, acme_reg_write;
GRANT acme_reg_read, acme_reg_write TO acme_owner;
ALTER ROLE acme_owner SET search_path = public, cartodb;
ALTER ROLE acme_public SET search_path = public, cartodb;
ALTER ROLE acme_reg_read SET search_path = public, cartodb;
ALTER ROLE acme_reg_write SET search_path = public, cartodb;
ALTER SCHEMA public OWNER TO acme_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
`

const tables = (postgis: boolean): string => {
  const [geometry, mercator] = postgis ? ["geometry(Geometry, 4326)", "geometry(Geometry, 3857)"] : ["text", "text"]
  const point = (wkt: string) =>
    postgis
      ? `'SRID=4326;${wkt}', public.ST_Transform('SRID=4326;${wkt}'::public.geometry, 3857)`
      : `'SRID=4326;${wkt}', NULL`
  return `
SET LOCAL search_path = public, pg_catalog;
SET LOCAL ROLE acme_owner;
CREATE TABLE places (cartodb_id int PRIMARY KEY, name text, population int8, visited date,
  the_geom ${geometry}, the_geom_webmercator ${mercator});
INSERT INTO places VALUES
  (1, 'Madrid', 3223334, '2020-02-03', ${point("POINT(-3.7 40.4)")}),
  (2, 'New York', 8336817, NULL, ${point("POINT(-74 40.7)")}),
  (3, 'Nowhere', NULL, NULL, NULL, NULL);
CREATE TABLE secrets (cartodb_id int PRIMARY KEY, note text);
INSERT INTO secrets VALUES (1, 'one'), (2, 'two');
CREATE TABLE inbox (id int, name text, age int DEFAULT 10);
CREATE TABLE plain (a int);
INSERT INTO plain VALUES (7);
GRANT SELECT ON places, plain TO acme_public;
GRANT SELECT ON secrets TO acme_reg_read;
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox TO acme_reg_write;
RESET ROLE;
INSERT INTO cartodb.cdb_tablemetadata (tabname, updated_at) VALUES
  ('public.places'::regclass, '2020-01-01T00:00:00Z'), ('public.secrets'::regclass, '2020-06-01T00:00:00Z');
`
}

const endpointGroups = ["query", "job_create", "job_get", "job_delete", "copy_from", "copy_to"]

const fillKeyStore = (keyStore: KeyStoreService): void => {
  const account = (username: string, id: number, masterToken: string) =>
    keyStore.set(`rails:users:${username}`, {
      id: String(id),
      database_name: databaseName,
      database_host: "localhost",
      map_key: masterToken
    })
  const key = (username: string, token: string, type: string, role: string, password: string, sql = true) =>
    keyStore.set(`api_keys:${username}:${token}`, {
      user: username,
      type,
      database_role: role,
      database_password: password,
      ...(sql ? { grants_sql: "true" } : {})
    })
  account("acme", 501, "acme_master")
  account("limited", 502, "acme_master")
  account("slowjobs", 503, "acme_master")
  account("nopublic", 504, "acme_master")
  account("nomaster", 599, "nothing_there")
  for (const username of ["acme", "limited", "slowjobs", "nopublic"]) {
    key(username, "acme_master", "master", "acme_owner", "owner_password")
  }
  for (const username of ["acme", "limited", "slowjobs", "nomaster"]) {
    key(username, "default_public", "default", "acme_public", "public_password")
  }
  key("acme", "acme_read", "regular", "acme_reg_read", "read_password")
  key("acme", "acme_write", "regular", "acme_reg_write", "write_password")
  key("acme", "acme_maps", "regular", "acme_reg_read", "read_password", false)
  key("acme", "acme_broken", "regular", "acme_reg_read", "another_password")
  for (const group of endpointGroups) {
    keyStore.set(`limits:rate:store:limited:sql:${group}`, { 0: "1", 1: "1", 2: "10" })
  }
  keyStore.set("limits:batch:slowjobs", { timeout: "500" })
}

export interface Fixture {
  readonly handle: (request: Request) => Effect.Effect<Response>
  readonly resetRateLimits: () => void
  readonly database: Database
}

/** Opens the fixture: a fresh database and a SQL API on it. */
export const open = (options: {
  readonly kind: TestDatabases.Kind
  readonly postgis: boolean
}): Effect.Effect<Fixture, ConnectionError | DatabaseError, Scope.Scope> =>
  Effect.gen(function* () {
    const services = yield* Layer.build(Layer.merge(KeyStore.layer, TestDatabases.layer(options)))
    const databases = Context.get(services, Databases)
    const database = yield* databases.open(databaseName)
    yield* database.superuserTransaction([roles])
    yield* database.superuserTransaction([tables(options.postgis)])
    yield* database.superuserTransaction([userQuota({ schema: "public", owner: "acme_owner", bytes: quotaInBytes })])
    const keyStore = Context.get(services, KeyStore)
    fillKeyStore(keyStore)
    const usernames = new Set(["acme", "limited", "slowjobs", "nopublic", "nomaster"])
    const accounts = Accounts.of({
      find: () => undefined,
      findOrganization: () => undefined,
      members: () => [],
      isEngineEnabled: () => true,
      database: (username) =>
        usernames.has(username) ? Effect.succeed(database) : Effect.fail(new AccountNotFound({ username }))
    })
    const { handle } = yield* SqlApi.make.pipe(
      Effect.provideService(Accounts, accounts),
      Effect.provideService(KeyStore, keyStore)
    )
    return {
      handle,
      database,
      resetRateLimits: () => {
        for (const group of endpointGroups) keyStore.delete(`limits:rate:status:limited:sql:${group}:0`)
      }
    }
  })
