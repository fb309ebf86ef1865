/** The sample tables of a new account: `tornadoes` and `storm_reports`. Their data are invented. */
import { identifier, literal } from "../shared/quoting.ts"

/** Options of the sample tables. */
export interface SampleOptions {
  readonly schema: string
  /** The role that owns the tables. */
  readonly owner: string
  /** Whether the database has PostGIS. If so, the tables also have geometry. */
  readonly postgis: boolean
}

const notice = "SAMPLE DATA of the embedded CARTO: invented, for trying things out"

// The area of the tornadoes of each state: its western and southern edges, width and height, in degrees.
const states = `(VALUES
    (0, 'Texas', -103.0, 29.5, 8.0, 6.0), (1, 'Oklahoma', -102.5, 34.0, 7.5, 2.8),
    (2, 'Kansas', -101.8, 37.2, 6.8, 2.6), (3, 'Nebraska', -103.5, 40.2, 7.5, 2.6),
    (4, 'Iowa', -96.0, 40.8, 5.5, 2.5), (5, 'Missouri', -95.2, 36.7, 5.5, 3.6),
    (6, 'Arkansas', -94.3, 33.3, 4.0, 3.0), (7, 'Alabama', -88.2, 31.2, 2.9, 3.6),
    (8, 'Mississippi', -91.0, 31.2, 2.6, 3.6), (9, 'Illinois', -90.8, 37.5, 3.0, 4.8),
    (10, 'Florida', -82.6, 26.5, 2.2, 3.4)
  ) AS state(ordinal, name, west, south, width, height)`

/**
 * SQL that creates the tables with a few hundred rows. Run it as superuser. The rows are the same each time, except for
 * their dates, which lie in the four years up to today. Each of those years has rows. The account's public role cannot
 * read the tables.
 */
export const tornadoes = ({ owner, postgis, schema }: SampleOptions): string => {
  const table = `${identifier(schema)}.tornadoes`
  const reports = `${identifier(schema)}.storm_reports`
  const point = "public.ST_SetSRID(public.ST_MakePoint(longitude, latitude), 4326)"
  return `
CREATE TABLE ${table} (
  cartodb_id serial PRIMARY KEY,
  ${postgis ? "the_geom public.geometry(Point, 4326), the_geom_webmercator public.geometry(Point, 3857)," : ""}
  year integer NOT NULL,
  date date NOT NULL,
  state text NOT NULL,
  magnitude integer NOT NULL CHECK (magnitude BETWEEN 0 AND 5),
  injuries integer NOT NULL,
  fatalities integer NOT NULL,
  length_km numeric(6, 1) NOT NULL,
  longitude double precision NOT NULL,
  latitude double precision NOT NULL
);
COMMENT ON TABLE ${table} IS ${literal(notice)};
ALTER TABLE ${table} OWNER TO ${identifier(owner)};

INSERT INTO ${table} (year, date, state, magnitude, injuries, fatalities, length_km, longitude, latitude)
SELECT
  extract(year FROM day)::integer, day, state.name, magnitude,
  magnitude * magnitude * (number % 4), CASE WHEN magnitude > 2 THEN number % magnitude ELSE 0 END,
  round(((magnitude + 1) * (number % 17 + 1))::numeric / 3, 1),
  round((west + width * (number * 61 % 100) / 100)::numeric, 4)::double precision,
  round((south + height * (number * 37 % 100) / 100)::numeric, 4)::double precision
FROM (
  SELECT
    number,
    (ARRAY[0, 0, 0, 1, 1, 2, 0, 1, 3, 2, 0, 4, 1])[number % 13 + 1] AS magnitude,
    CASE
      WHEN number % 4 = 0 THEN first_day + number * 7 % (current_date - first_day + 1)
      ELSE (first_day - make_interval(years => number % 4))::date + number * 7 % 365
    END AS day
  FROM generate_series(0, 399) AS number, (SELECT date_trunc('year', current_date)::date AS first_day) AS this_year
) AS tornado
JOIN ${states} ON state.ordinal = tornado.number * 5 % 11
ORDER BY day, tornado.number;
${postgis ? `UPDATE ${table} SET the_geom = ${point};\nUPDATE ${table} SET the_geom_webmercator = public.ST_Transform(the_geom, 3857);` : ""}

CREATE TABLE ${reports} (
  cartodb_id serial PRIMARY KEY,
  tornado_id integer NOT NULL REFERENCES ${table} (cartodb_id),
  reported_at timestamptz NOT NULL,
  reporter text NOT NULL,
  remarks text
);
COMMENT ON TABLE ${reports} IS ${literal(notice)};
ALTER TABLE ${reports} OWNER TO ${identifier(owner)};

INSERT INTO ${reports} (tornado_id, reported_at, reporter, remarks)
SELECT
  cartodb_id, date + make_interval(hours => cartodb_id % 24),
  (ARRAY['spotter', 'sheriff', 'broadcast', 'public'])[cartodb_id % 4 + 1],
  'Damage path of ' || length_km || ' km in ' || state
FROM ${table} WHERE magnitude > 0 ORDER BY cartodb_id;

INSERT INTO cartodb.cdb_tablemetadata (tabname, updated_at)
SELECT c.oid, now()
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ${literal(schema)} AND c.relname IN ('tornadoes', 'storm_reports')
ON CONFLICT (tabname) DO UPDATE SET updated_at = excluded.updated_at;
`
}
