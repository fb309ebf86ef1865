/** SQL of the number functions: the resolution of map tiles, and the classes of a list of numbers. */

/** SQL that creates the number functions. */
export const numberFunctions: string = `
CREATE OR REPLACE FUNCTION cartodb.cdb_xyz_resolution(z integer) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT 6378137.0::float8 * 2 * pg_catalog.pi() / 256 / pg_catalog.power(2::float8, z) $$;

CREATE OR REPLACE FUNCTION cartodb.cdb_equalintervalbins(in_array anyarray, breaks integer) RETURNS anyarray
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT pg_catalog.array_agg(CASE WHEN i = breaks THEN high ELSE low + (high - low) / breaks * i END ORDER BY i)
  FROM (SELECT pg_catalog.min(x) AS low, pg_catalog.max(x) AS high FROM pg_catalog.unnest(in_array) x) AS ends,
    pg_catalog.generate_series(1, breaks) AS i
$$;

CREATE OR REPLACE FUNCTION cartodb.cdb_quantilebins(in_array numeric[], breaks integer) RETURNS numeric[]
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT pg_catalog.percentile_disc(ARRAY(SELECT i / breaks::float8 FROM pg_catalog.generate_series(1, breaks) i))
    WITHIN GROUP (ORDER BY x)
  FROM pg_catalog.unnest(in_array) x
$$;

CREATE OR REPLACE FUNCTION cartodb.cdb_headstailsbins(in_array numeric[], breaks integer) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  bins numeric[] := '{}';
  tail numeric[] := in_array;
  mean numeric;
BEGIN
  WHILE pg_catalog.cardinality(bins) < breaks - 1 LOOP
    SELECT pg_catalog.avg(x) INTO mean FROM pg_catalog.unnest(tail) x;
    EXIT WHEN mean IS NULL;
    bins := bins || mean;
    SELECT pg_catalog.array_agg(x) INTO tail FROM pg_catalog.unnest(tail) x WHERE x > mean;
  END LOOP;
  RETURN bins || (SELECT pg_catalog.max(x) FROM pg_catalog.unnest(in_array) x);
END
$$;

-- Of all ways to cut the sorted values, the one whose classes vary the least. It is found class by class.
CREATE OR REPLACE FUNCTION cartodb.cdb_jenksbins(
  in_array numeric[], breaks integer, iterations integer DEFAULT 0, invert boolean DEFAULT false
) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  x float8[] := ARRAY(SELECT v::float8 FROM pg_catalog.unnest(in_array) v WHERE v IS NOT NULL ORDER BY 1);
  n integer := pg_catalog.cardinality(x);
  classes integer := least(breaks, (SELECT pg_catalog.count(DISTINCT v) FROM pg_catalog.unnest(x) v)::integer);
  sums float8[] := ARRAY[0::float8];
  squares float8[] := ARRAY[0::float8];
  cost float8[];
  next float8[];
  cuts integer[] := '{}';
  value float8;
  first integer;
  bins numeric[];
BEGIN
  IF n = 0 THEN RETURN NULL; END IF;
  FOR i IN 1..n LOOP
    sums := sums || (sums[i] + x[i]);
    squares := squares || (squares[i] + x[i] * x[i]);
    cost[i] := squares[i + 1] - sums[i + 1] * sums[i + 1] / i;
    cuts := cuts || 1;
  END LOOP;
  FOR k IN 2..classes LOOP
    next := '{}';
    FOR i IN 1..n LOOP
      next[i] := cost[i];
      first := 1;
      FOR j IN greatest(k, 2)..i LOOP
        value := cost[j - 1] + (squares[i + 1] - squares[j]) - (sums[i + 1] - sums[j]) ^ 2 / (i - j + 1);
        IF value < next[i] - 1e-9 THEN
          next[i] := value;
          first := j;
        END IF;
      END LOOP;
      cuts := cuts || first;
    END LOOP;
    cost := next;
  END LOOP;
  first := n;
  FOR k IN REVERSE classes..1 LOOP
    bins := (CASE WHEN invert THEN x[cuts[(k - 1) * n + first]] ELSE x[first] END)::numeric || bins;
    first := cuts[(k - 1) * n + first] - 1;
    EXIT WHEN first < 1;
  END LOOP;
  RETURN bins;
END
$$;
`
