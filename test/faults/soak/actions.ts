/** The actions of a fiber of a soak, and how it records their results. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import {
  type ApiKey,
  ApiKeyManager,
  BatchSql,
  type Carto,
  type CartoError,
  type CartoErrorReason,
  CopySql,
  Sql,
  sql
} from "../../../src/index.ts"
import * as Lease from "../../../src/keys/Lease.ts"
import * as Rotation from "../../../src/keys/Rotation.ts"
import { twoRows } from "../operations/copy.ts"
import { readsNumbers as grants } from "../World.ts"
import type { Ledger, Watched } from "./Ledger.ts"

export interface Fiber {
  readonly number: number
  readonly ledger: Ledger
  readonly watched: Watched
  /** A number below that one. */
  readonly random: (below: number) => number
  /** Waits until the server has done whatever it was asked. */
  readonly settled: Effect.Effect<void>
  /** Keys of its own. */
  readonly own: Array<ApiKey>
  uses: number
}

type Running<A> = Effect.Effect<A, CartoError, Carto.CartoServices>
type Action = (fiber: Fiber) => Effect.Effect<void, never, Carto.CartoServices>

const count = Sql.use((db) => db.query(sql`SELECT count(*)::int AS n FROM numbers`))

const take = ({ own, random }: Fiber): ApiKey | undefined => own.splice(random(own.length), 1)[0]

const hold = ({ ledger, own }: Fiber, key: ApiKey): void => {
  own.push(key)
  ledger.keys.set(key.name, Redacted.value(key.token))
}

/** Looks at a key until there is an answer, as whoever is told that nobody knows has to. */
const look = (fiber: Fiber, name: string): Effect.Effect<ApiKey | undefined, never, Carto.CartoServices> =>
  fiber.settled.pipe(
    Effect.andThen(
      fiber.watched(
        "ApiKeyManager.getOption",
        ApiKeyManager.use((keys) => keys.getOption(name))
      )
    ),
    Effect.flatMap(({ value }) =>
      value === undefined ? look(fiber, name) : Effect.succeed(Option.getOrUndefined(value))
    )
  )

const create: Action = (fiber) =>
  Effect.gen(function* () {
    const name = `soak ${fiber.number} ${++fiber.uses}`
    const { reason, value } = yield* fiber.watched(
      "ApiKeyManager.create",
      ApiKeyManager.use((keys) => keys.create({ name, ...grants }))
    )
    const key = value ?? (reason?._tag === "OutcomeUnknown" ? yield* look(fiber, name) : undefined)
    if (key !== undefined) hold(fiber, key)
  })

const regenerate: Action = (fiber) =>
  Effect.gen(function* () {
    const old = take(fiber)
    if (old === undefined) return yield* create(fiber)
    const { reason, value } = yield* fiber.watched(
      "ApiKeyManager.regenerate",
      ApiKeyManager.use((keys) => keys.regenerate(old))
    )
    hold(fiber, value ?? (reason?._tag === "OutcomeUnknown" ? yield* look(fiber, old.name) : undefined) ?? old)
  })

/** Repeats what is the same done twice as once, until it is done. */
const untilDone = <A>(
  effect: Effect.Effect<A, never, Carto.CartoServices>,
  isDone: (value: A) => boolean
): Effect.Effect<A, never, Carto.CartoServices> =>
  Effect.flatMap(effect, (value) => (isDone(value) ? Effect.succeed(value) : untilDone(effect, isDone)))

const remove: Action = (fiber) =>
  Effect.gen(function* () {
    const key = take(fiber)
    if (key === undefined) return yield* create(fiber)
    yield* untilDone(
      fiber.watched(
        "ApiKeyManager.delete",
        ApiKeyManager.use((keys) => Effect.as(keys.delete(key), true))
      ),
      ({ reason, value }) => value === true || reason?._tag === "ApiKeyNotFound"
    )
    fiber.ledger.keys.delete(key.name)
  })

const rotate: Action = (fiber) =>
  Effect.gen(function* () {
    const key = take(fiber)
    if (key === undefined) return yield* create(fiber)
    const { value } = yield* untilDone(
      Effect.tap(
        fiber.watched("Rotation.rotate", Rotation.rotate(key, { publish: () => Effect.void, grace: 0 })),
        () => fiber.settled
      ),
      (ended) => ended.value !== undefined
    )
    fiber.ledger.keys.delete(key.name)
    if (value !== undefined) hold(fiber, value)
  })

const lease: Action = (fiber) =>
  Effect.asVoid(
    fiber.watched(
      "Lease.withLease",
      Lease.withLease(count, { purpose: "soak", owner: `fiber-${fiber.number}`, ttl: "5 minutes", ...grants })
    )
  )

/** What a write says is what there must be in the end. */
const write =
  (
    name: string,
    rows: number,
    run: (id: string) => Running<unknown>,
    leavesOpen: (reason: CartoErrorReason) => boolean = ({ _tag }) => _tag === "OutcomeUnknown"
  ): Action =>
  (fiber) =>
    Effect.gen(function* () {
      const id = `soak ${fiber.number} ${++fiber.uses}`
      const { reason } = yield* fiber.watched(name, run(id))
      fiber.ledger.rows.set(id, reason === undefined ? [rows] : leavesOpen(reason) ? [0, rows] : [0])
    })

const read =
  (name: string, run: Running<unknown>): Action =>
  ({ watched }) =>
    Effect.asVoid(watched(name, run))

const numbers = sql`SELECT n, name FROM numbers`
/** A server that never ends a stream would keep a fiber for ever. */
const some = <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.runDrain(Stream.take(stream, 1000))

export const actions: ReadonlyArray<Action> = [
  create,
  create,
  create,
  regenerate,
  remove,
  remove,
  rotate,
  lease,
  write("Sql.query, a write", 1, (id) => Sql.use((db) => db.query(sql`INSERT INTO events VALUES (${id})`))),
  write(
    "Sql.query, an idempotent write",
    1,
    (id) =>
      Sql.use((db) =>
        db.query(sql`INSERT INTO events SELECT ${id} WHERE NOT EXISTS (SELECT FROM events WHERE id = ${id})`, {
          idempotent: true
        })
      ),
    () => true
  ),
  write("CopySql.from", 2, (id) => CopySql.use((copy) => copy.from(sql`COPY events (id) FROM STDIN`, twoRows(id)))),
  write("CopySql.fromRows", 2, (id) =>
    CopySql.use((copy) => copy.fromRows({ table: "events", columns: ["id"] }, Stream.make({ id }, { id })))
  ),
  write("BatchSql.create", 1, (id) => BatchSql.use((batch) => batch.create(sql`INSERT INTO events VALUES (${id})`))),
  write(
    "BatchSql.run",
    1,
    (id) => BatchSql.use((batch) => batch.run(sql`INSERT INTO events VALUES (${id})`, { deadline: "20 seconds" })),
    // it may have been made, and the waiting for it failed
    () => true
  ),
  read(
    "Sql.query",
    Sql.use((db) => db.query(numbers))
  ),
  read(
    "Sql.stream",
    Sql.use((db) => some(db.stream(numbers)))
  ),
  read(
    "Sql.export",
    Sql.use((db) => Effect.flatMap(db.export(numbers, { format: "csv" }), ({ bytes }) => some(bytes)))
  ),
  read(
    "CopySql.to",
    CopySql.use((copy) => some(copy.to(sql`COPY numbers TO STDOUT`)))
  ),
  read(
    "ApiKeyManager.list",
    ApiKeyManager.use((keys) => keys.list({ pageSize: 50 }))
  ),
  read(
    "ApiKeyManager.whoami",
    ApiKeyManager.use((keys) => keys.whoami)
  )
]
