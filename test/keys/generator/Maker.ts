/** The parts of a case: objects of the account, and statements for a key. */
import type { Random } from "./random.ts"

/** A kind of object that a case may have. */
export interface Kind {
  readonly name: string
  readonly make: (maker: Maker) => void
}

/** Gathers the SQL of one case. */
export class Maker {
  /** Statements of the account. */
  readonly ddl: Array<string> = []
  /** Statements of the superuser, after those of the account; and what undoes them. */
  readonly superuser: Array<string> = []
  readonly undo: Array<string> = []
  /** Statements of the key. */
  readonly statements: Array<string> = []
  readonly kinds: Set<string> = new Set()
  #names = 0
  readonly random: Random
  constructor(random: Random) {
    this.random = random
  }

  name(prefix: string): string {
    this.#names += 1
    return `${prefix}${this.#names}`
  }

  /** Adds statements of the account. */
  add(...texts: ReadonlyArray<string>): void {
    this.ddl.push(...texts)
  }

  /** A table of two rows, private or not; `columns` come after `id`, `n` and `s`. */
  table(columns: ReadonlyArray<string> = [], schema = "public"): string {
    const name = `${schema}.${this.name("t")}`
    this.add(
      `CREATE TABLE ${name} (${["id int", "n int", "s text", ...columns].join(", ")})`,
      `INSERT INTO ${name} (id, n, s) VALUES (1, 1, 'a'), (2, 2, 'b')`
    )
    if (this.random.chance(0.1))
      this.add(`GRANT ${this.random.pick(["SELECT", "INSERT", "UPDATE"])} ON ${name} TO PUBLIC`)
    return name
  }

  /** A function of one int, and how it is called: it may read a table, be closed to others, or run with its owner's rights. */
  routine(returns: "boolean" | "int", options: { readonly immutable?: boolean } = {}): string {
    const name = `public.${this.name("f")}`
    const { random } = this
    const reads = random.chance(0.5) ? this.table() : undefined
    const count = reads === undefined ? "0" : `(SELECT count(*)::int FROM ${reads})`
    const body = returns === "boolean" ? `$1 + ${count} >= -1000` : `coalesce($1, 0) + 0 * ${count}`
    const plpgsql = random.chance(0.5)
    const language = plpgsql ? `plpgsql AS $$ BEGIN RETURN ${body}; END $$` : `sql AS $$ SELECT ${body} $$`
    const volatility = options.immutable ? "IMMUTABLE" : random.pick(["VOLATILE", "STABLE", "IMMUTABLE"])
    const definer = random.chance(0.25) ? " SECURITY DEFINER" : ""
    this.add(`CREATE FUNCTION ${name}(int) RETURNS ${returns} ${volatility}${definer} LANGUAGE ${language}`)
    if (random.chance(0.3)) this.add(`REVOKE EXECUTE ON FUNCTION ${name}(int) FROM PUBLIC`)
    return name
  }

  /** A function for triggers. */
  triggerFunction(): string {
    const name = `public.${this.name("g")}`
    const { random } = this
    const writes = random.chance(0.6) ? this.table() : undefined
    const body = writes === undefined ? "" : `INSERT INTO ${writes} (n) VALUES (1);`
    const definer = random.chance(0.25) ? " SECURITY DEFINER" : ""
    this.add(
      `CREATE FUNCTION ${name}() RETURNS trigger${definer} LANGUAGE plpgsql AS $$ BEGIN ${body} IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$`
    )
    if (random.chance(0.2)) this.add(`REVOKE EXECUTE ON FUNCTION ${name}() FROM PUBLIC`)
    return name
  }

  /** Statements that read or write a relation with the columns `id`, `n` and `s`. */
  use(relation: string, only?: ReadonlyArray<"delete" | "insert" | "select" | "update">): void {
    const { random } = this
    const other = random.chance(0.3) ? this.table() : undefined
    const from = other ?? relation
    const forms = {
      select: [
        `SELECT * FROM ${relation}`,
        `SELECT n FROM ${relation} WHERE id = 1`,
        `SELECT count(*) FROM ${relation} x JOIN ${from} y ON x.id = y.id`,
        `SELECT id FROM ${relation} ORDER BY id LIMIT 1`,
        `WITH q AS (SELECT id FROM ${relation}) SELECT * FROM q WHERE EXISTS (SELECT FROM ${from})`,
        `EXPLAIN SELECT * FROM ${relation}`,
        `DECLARE c CURSOR FOR SELECT s FROM ${relation}`
      ],
      insert: [
        `INSERT INTO ${relation} (id, n, s) VALUES (3, 1, 'c')`,
        `INSERT INTO ${relation} (id, n) SELECT id, n FROM ${from}`,
        `INSERT INTO ${relation} (n) VALUES (1)`,
        `INSERT INTO ${relation} (id, n, s) VALUES (3, 1, 'c') RETURNING n`
      ],
      update: [
        `UPDATE ${relation} SET n = 1`,
        `UPDATE ${relation} SET s = 'z' WHERE id = 1`,
        `UPDATE ${relation} SET n = 2 WHERE id IN (SELECT id FROM ${from})`,
        `UPDATE ${relation} SET id = id`
      ],
      delete: [
        `DELETE FROM ${relation}`,
        `DELETE FROM ${relation} WHERE id = 1`,
        `WITH gone AS (DELETE FROM ${relation} RETURNING id) SELECT * FROM gone`
      ]
    }
    const commands = only ?? (["select", "insert", "update", "delete"] as const)
    for (const command of commands) {
      if (only !== undefined || random.chance(0.55)) this.statements.push(random.pick(forms[command]))
    }
  }
}
