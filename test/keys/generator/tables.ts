/** Kinds of objects that depend on tables. */
import type { Kind } from "./Maker.ts"

const kind = (name: string, make: Kind["make"]): Kind => ({ name, make })

/** Each kind makes a table with something on it, and statements for that table. */
export const tableKinds: ReadonlyArray<Kind> = [
  kind("table", (m) => m.use(m.table())),
  kind("serial column", (m) => m.use(m.table(["k serial"]), ["insert"])),
  kind("identity column", (m) => m.use(m.table(["k int GENERATED ALWAYS AS IDENTITY"]), ["insert"])),
  kind("default of a built-in function", (m) => m.use(m.table(["k timestamptz DEFAULT now()"]), ["insert"])),
  kind("default of a function", (m) => m.use(m.table([`k int DEFAULT ${m.routine("int")}(1)`]), ["insert", "update"])),
  kind("default of a free sequence", (m) => {
    const sequence = m.name("q")
    m.add(`CREATE SEQUENCE ${sequence}`)
    if (m.random.chance(0.3)) m.add(`GRANT USAGE ON SEQUENCE ${sequence} TO PUBLIC`)
    m.use(m.table([`k int DEFAULT nextval('${sequence}')`]), ["insert"])
  }),
  kind("default of another table's sequence", (m) => {
    const owner = m.table(["k serial"])
    m.use(m.table([`k int DEFAULT nextval(pg_get_serial_sequence('${owner}', 'k'))`]), ["insert"])
    m.use(m.table([`k int DEFAULT nextval('${owner}_k_seq')`]), ["insert"])
  }),
  kind("update to a default", (m) => {
    const table = m.table([`k int DEFAULT ${m.routine("int")}(1)`])
    m.statements.push(`UPDATE ${table} SET k = DEFAULT`, `INSERT INTO ${table} (id, k) VALUES (1, DEFAULT), (2, 3)`)
  }),
  kind("check of operators", (m) => m.use(m.table(["CHECK (n > 0 AND s <> '')"]), ["insert", "update"])),
  kind("check of a function", (m) =>
    m.use(m.table([`CHECK (${m.routine("boolean")}(n))`]), ["insert", "update", "delete"])
  ),
  kind("generated column", (m) => m.use(m.table(["k int GENERATED ALWAYS AS (n * 2) STORED"]), ["insert", "select"])),
  kind("generated column of a function", (m) =>
    m.use(m.table([`k int GENERATED ALWAYS AS (${m.routine("int", { immutable: true })}(n)) STORED`]), [
      "insert",
      "update"
    ])
  ),
  kind("expression index", (m) => {
    const table = m.table()
    m.add(`CREATE INDEX ON ${table} ((${m.routine("int", { immutable: true })}(n)))`)
    m.use(table)
  }),
  kind("partial index", (m) => {
    const table = m.table()
    m.add(`CREATE INDEX ON ${table} (id) WHERE ${m.routine("boolean", { immutable: true })}(n)`)
    m.use(table)
  }),
  kind("unique index of an expression", (m) => {
    const table = m.table()
    m.add(`CREATE UNIQUE INDEX ON ${table} (lower(s))`)
    m.use(table)
    m.statements.push(`INSERT INTO ${table} (id, n, s) VALUES (9, 9, 'A') ON CONFLICT (lower(s)) DO UPDATE SET n = 5`)
  }),
  kind("exclusion constraint", (m) => {
    const table = m.table(["r int4range"])
    m.add(`ALTER TABLE ${table} ADD EXCLUDE USING gist (r WITH &&)`)
    m.use(table, ["insert", "update"])
  }),
  kind("range partitions", (m) => {
    const name = `public.${m.name("p")}`
    m.add(
      `CREATE TABLE ${name} (id int, n int, s text) PARTITION BY RANGE (n)`,
      `CREATE TABLE ${name}_a PARTITION OF ${name} FOR VALUES FROM (MINVALUE) TO (2)`,
      `CREATE TABLE ${name}_b PARTITION OF ${name} FOR VALUES FROM (2) TO (MAXVALUE)`,
      `INSERT INTO ${name} VALUES (1, 1, 'a'), (2, 2, 'b')`
    )
    m.use(m.random.pick([name, name, `${name}_b`]), ["select", "insert", "delete"])
  }),
  kind("default partition", (m) => {
    const name = `public.${m.name("p")}`
    m.add(
      `CREATE TABLE ${name} (id int, n int, s text) PARTITION BY LIST (s)`,
      `CREATE TABLE ${name}_a PARTITION OF ${name} DEFAULT`
    )
    m.use(name)
  }),
  kind("hash partitions", (m) => {
    const name = `public.${m.name("p")}`
    m.add(
      `CREATE TABLE ${name} (id int, n int, s text) PARTITION BY HASH (n)`,
      `CREATE TABLE ${name}_a PARTITION OF ${name} FOR VALUES WITH (MODULUS 1, REMAINDER 0)`
    )
    m.use(name)
  }),
  kind("partition key of a function", (m) => {
    const name = `public.${m.name("p")}`
    const routine = m.routine("int", { immutable: true })
    m.add(
      `CREATE TABLE ${name} (id int, n int, s text) PARTITION BY RANGE ((${routine}(n)))`,
      `CREATE TABLE ${name}_a PARTITION OF ${name} FOR VALUES FROM (MINVALUE) TO (MAXVALUE)`,
      `INSERT INTO ${name} VALUES (1, 1, 'a'), (2, 2, 'b')`
    )
    m.use(m.random.pick([name, `${name}_a`]))
  }),
  kind("trigger of a partition", (m) => {
    const name = `public.${m.name("p")}`
    const event = m.random.pick(["INSERT", "UPDATE", "DELETE", "INSERT OR DELETE"])
    m.add(
      `CREATE TABLE ${name} (id int, n int, s text) PARTITION BY RANGE (n)`,
      `CREATE TABLE ${name}_a PARTITION OF ${name} FOR VALUES FROM (MINVALUE) TO (2)`,
      `CREATE TABLE ${name}_b PARTITION OF ${name} FOR VALUES FROM (2) TO (MAXVALUE)`,
      `INSERT INTO ${name} VALUES (1, 1, 'a'), (2, 2, 'b')`,
      `CREATE TRIGGER g ${m.random.pick(["BEFORE", "AFTER"])} ${event} ON ${name}_a FOR EACH ROW EXECUTE FUNCTION ${m.triggerFunction()}()`
    )
    m.use(name, ["insert", "delete"])
    // a row that moves from one partition to another
    m.statements.push(`UPDATE ${name} SET n = 3 - n`)
  }),
  kind("check of a partition", (m) => {
    const name = `public.${m.name("p")}`
    m.add(
      `CREATE TABLE ${name} (id int, n int, s text) PARTITION BY RANGE (n)`,
      `CREATE TABLE ${name}_a PARTITION OF ${name} (CHECK (${m.routine("boolean")}(id))) FOR VALUES FROM (MINVALUE) TO (MAXVALUE)`
    )
    m.use(name, ["insert", "update"])
  }),
  kind("inheritance", (m) => {
    const parent = m.table()
    const child = `public.${m.name("c")}`
    m.add(
      `CREATE TABLE ${child} (more int CHECK (${m.routine("boolean")}(n))) INHERITS (${parent})`,
      `INSERT INTO ${child} (id, n, s) VALUES (5, 5, 'c')`
    )
    if (m.random.chance(0.5)) {
      m.add(
        `CREATE TRIGGER g AFTER UPDATE OR DELETE ON ${child} FOR EACH ROW EXECUTE FUNCTION ${m.triggerFunction()}()`
      )
    }
    m.use(parent)
    m.statements.push(`SELECT * FROM ONLY ${parent}`, `DELETE FROM ONLY ${parent}`)
  }),
  kind("foreign key", (m) => {
    const [to, from] = [m.table(), m.table()]
    const action = m.random.pick(["NO ACTION", "CASCADE", "SET NULL", "SET DEFAULT"])
    m.add(
      `ALTER TABLE ${to} ADD PRIMARY KEY (id)`,
      `ALTER TABLE ${from} ADD FOREIGN KEY (n) REFERENCES ${to} (id) ON DELETE ${action} ON UPDATE ${action}`
    )
    if (m.random.chance(0.6)) {
      const timing = m.random.pick(["BEFORE", "AFTER"])
      const event = m.random.pick(["UPDATE", "DELETE", "UPDATE OR DELETE"])
      m.add(`CREATE TRIGGER g ${timing} ${event} ON ${from} FOR EACH ROW EXECUTE FUNCTION ${m.triggerFunction()}()`)
    }
    m.use(from, ["insert"])
    m.statements.push(`DELETE FROM ${to} WHERE id = 1`, `UPDATE ${to} SET id = id + 10`)
  }),
  kind("trigger", (m) => {
    const table = m.table()
    const timing = m.random.pick(["BEFORE", "AFTER"])
    const level = m.random.pick(["ROW", "STATEMENT"])
    const event = m.random.pick(["INSERT", "UPDATE", "DELETE", "UPDATE OF n", "INSERT OR UPDATE OR DELETE"])
    m.add(`CREATE TRIGGER g ${timing} ${event} ON ${table} FOR EACH ${level} EXECUTE FUNCTION ${m.triggerFunction()}()`)
    m.use(table)
  }),
  kind("trigger with a condition", (m) => {
    const table = m.table()
    m.add(
      `CREATE TRIGGER g AFTER INSERT OR UPDATE ON ${table} FOR EACH ROW WHEN (${m.routine("boolean")}(NEW.n)) EXECUTE FUNCTION ${m.triggerFunction()}()`
    )
    m.use(table, ["insert", "update", "delete"])
  }),
  kind("deferred constraint trigger", (m) => {
    const table = m.table()
    m.add(
      `CREATE CONSTRAINT TRIGGER g AFTER INSERT ON ${table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${m.triggerFunction()}()`
    )
    m.use(table, ["insert", "delete"])
  }),
  kind("disabled trigger", (m) => {
    const table = m.table()
    m.add(
      `CREATE TRIGGER g AFTER INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${m.triggerFunction()}()`,
      `ALTER TABLE ${table} DISABLE TRIGGER g`
    )
    m.use(table, ["insert"])
  }),
  kind("rule that adds", (m) => {
    const [table, log] = [m.table(), m.table(["k serial"])]
    const call = m.random.chance(0.5) ? `${m.routine("int")}(NEW.n)` : "NEW.n"
    m.add(
      `CREATE RULE r AS ON ${m.random.pick(["INSERT", "UPDATE"])} TO ${table} DO ALSO INSERT INTO ${log} (n) VALUES (${call})`
    )
    m.use(table, ["insert", "update"])
  }),
  kind("rule that replaces", (m) => {
    const [table, log] = [m.table(["k serial"]), m.table()]
    m.add(
      `CREATE RULE r AS ON INSERT TO ${table} DO INSTEAD INSERT INTO ${log} (n) VALUES (${m.random.pick(["NEW.n", "NEW.k"])})`
    )
    m.use(table, ["select"])
    m.statements.push(`INSERT INTO ${table} (n) VALUES (1)`, `INSERT INTO ${table} (n) SELECT n FROM ${m.table()}`)
  }),
  kind("rule that discards", (m) => {
    const table = m.table()
    m.add(`CREATE RULE r AS ON ${m.random.pick(["INSERT", "DELETE"])} TO ${table} DO INSTEAD NOTHING`)
    m.use(table, ["select", "update"])
    m.statements.push(`INSERT INTO ${table} (n) SELECT n FROM ${m.table()}`, `DELETE FROM ${table}`)
  }),
  kind("rule with a condition", (m) => {
    const [table, log] = [m.table(), m.table()]
    const condition = m.random.pick([`${m.routine("boolean")}(NEW.n)`, `EXISTS (SELECT FROM ${m.table()})`])
    const action = m.random.pick(["NOTHING", `INSERT INTO ${log} (n) VALUES (1)`])
    m.add(`CREATE RULE r AS ON INSERT TO ${table} WHERE ${condition} DO INSTEAD ${action}`)
    m.statements.push(`INSERT INTO ${table} (id, n, s) VALUES (7, 7, 'x')`, `INSERT INTO ${table} (n) SELECT 3`)
  }),
  kind("rule over an invoker view", (m) => {
    const [table, hidden] = [m.table(), m.table()]
    const view = `public.${m.name("v")}`
    m.add(
      `CREATE VIEW ${view} WITH (security_invoker) AS SELECT id, n FROM ${hidden}`,
      `CREATE RULE r AS ON UPDATE TO ${table} DO ALSO INSERT INTO ${m.table()} (n) SELECT n FROM ${view}`
    )
    m.use(table, ["update"])
  }),
  kind("rule that draws from a sequence", (m) => {
    const sequence = m.name("q")
    const [table, log] = [m.table(), m.table()]
    m.add(
      `CREATE SEQUENCE ${sequence}`,
      `CREATE RULE r AS ON DELETE TO ${table} DO ALSO INSERT INTO ${log} (n) VALUES (nextval('${sequence}'))`
    )
    m.use(table, ["delete"])
  }),
  kind("policy for all commands", (m) => {
    const [table, other] = [m.table(), m.table()]
    m.add(
      `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY p ON ${table} USING (n IN (SELECT n FROM ${other}))${m.random.chance(0.5) ? ` WITH CHECK (EXISTS (SELECT FROM ${m.table()}))` : ""}`
    )
    m.use(table)
  }),
  kind("policies by command", (m) => {
    const table = m.table()
    const condition = () =>
      m.random.pick([() => "true", () => `${m.routine("boolean")}(n)`, () => `EXISTS (SELECT FROM ${m.table()})`])()
    m.add(
      `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY r ON ${table} FOR SELECT USING (${condition()})`,
      `CREATE POLICY a ON ${table} FOR INSERT WITH CHECK (${condition()})`,
      `CREATE POLICY w ON ${table} FOR UPDATE USING (${condition()}) WITH CHECK (${condition()})`,
      `CREATE POLICY d ON ${table} FOR DELETE USING (${condition()})`
    )
    m.use(table)
    m.statements.push(`SELECT id FROM ${table} FOR UPDATE`)
  }),
  kind("policy of nobody", (m) => {
    const table = m.table()
    m.add(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`, `CREATE POLICY p ON ${table} TO other USING (true)`)
    m.use(table, ["insert"])
  }),
  kind("policy by the role's name", (m) => {
    const table = m.table()
    m.add(
      `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY p ON ${table} USING (current_user = 'master')`
    )
    m.use(table, ["insert"])
  }),
  kind("restrictive policy", (m) => {
    const table = m.table()
    m.add(
      `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
      `CREATE POLICY p ON ${table} USING (true)`,
      `CREATE POLICY q ON ${table} AS RESTRICTIVE USING (${m.routine("boolean")}(n))`
    )
    m.use(table)
  }),
  kind("policy behind a view", (m) => {
    const table = m.table()
    const view = `public.${m.name("v")}`
    m.add(
      `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY${m.random.chance(0.5) ? ", FORCE ROW LEVEL SECURITY" : ""}`,
      `CREATE POLICY p ON ${table} USING (${m.routine("boolean")}(n))`,
      `CREATE VIEW ${view} AS SELECT id, n, s FROM ${table}`
    )
    m.use(view)
  }),
  kind("public grants", (m) => {
    const table = m.table()
    m.add(`GRANT SELECT, INSERT ON ${table} TO publicuser`)
    m.use(table)
  }),
  kind("table in a hidden schema", (m) => {
    const table = m.table([], "hidden")
    if (m.random.chance(0.4)) m.add(`GRANT SELECT ON ${table} TO PUBLIC`)
    m.use(table)
  })
]
