/** The optional package that implements PostgreSQL's protocol. */
import type * as Pg from "pg"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { ConnectionError } from "../database.ts"

/** The parts of `pg` that the emulator uses. */
export type Driver = Pick<typeof Pg, "Client" | "DatabaseError">

const isMissing = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") && (cause.code === "ERR_MODULE_NOT_FOUND" || cause.code === "MODULE_NOT_FOUND")

/** Loads `pg`. */
export const load: Effect.Effect<Driver, ConnectionError> = Effect.tryPromise({
  try: () => import("pg"),
  catch: (cause) =>
    new ConnectionError({
      message: isMissing(cause)
        ? "the emulator on a PostgreSQL server needs the package pg: npm install pg"
        : `the emulator cannot load the package pg: ${String(cause)}`
    })
})
