/** SQL of the geometry functions, which need PostGIS in the schema `public`. */

/** SQL of the functions without PostGIS. Tables get no geometry. */
export const withoutGeometry: string = `
CREATE OR REPLACE FUNCTION cartodb._cdb_add_geometry(reloid regclass) RETURNS void LANGUAGE sql AS $$ SELECT $$;
`

/** SQL of the geometry functions with PostGIS. */
export const geometryFunctions: string = `
CREATE OR REPLACE FUNCTION cartodb.cdb_transformtowebmercator(geom public.geometry) RETURNS public.geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  world public.geometry;
  latlng public.geometry;
BEGIN
  IF public.ST_SRID(geom) = 3857 THEN RETURN geom; END IF;
  latlng := CASE WHEN public.ST_SRID(geom) IN (0, 4326) THEN public.ST_SetSRID(geom, 4326) ELSE public.ST_Transform(geom, 4326) END;
  -- What Mercator's projection shows of the world.
  world := public.ST_MakeEnvelope(-180, -85.0511287798066, 180, 85.0511287798066, 4326);
  IF public.ST_IsEmpty(latlng) OR public.ST_Within(public.ST_Envelope(latlng), world) THEN
    RETURN public.ST_Transform(latlng, 3857);
  END IF;
  latlng := public.ST_Intersection(latlng, world);
  RETURN CASE WHEN public.ST_IsEmpty(latlng) THEN NULL ELSE public.ST_Transform(latlng, 3857) END;
EXCEPTION WHEN internal_error OR invalid_parameter_value THEN
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION cartodb.cdb_latlng(lat numeric, lng numeric) RETURNS public.geometry
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT public.ST_SetSRID(public.ST_MakePoint(lng::float8, lat::float8), 4326) $$;
CREATE OR REPLACE FUNCTION cartodb.cdb_latlng(lat float8, lng float8) RETURNS public.geometry
LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT public.ST_SetSRID(public.ST_MakePoint(lng, lat), 4326) $$;

CREATE OR REPLACE FUNCTION cartodb.cdb_makehexagon(center public.geometry, radius float8) RETURNS public.geometry
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT public.ST_MakePolygon(public.ST_MakeLine(ARRAY(
    SELECT public.ST_SetSRID(public.ST_MakePoint(
      public.ST_X(center) + radius * pg_catalog.cosd(60 * corner), public.ST_Y(center) + radius * pg_catalog.sind(60 * corner)
    ), public.ST_SRID(center))
    FROM pg_catalog.generate_series(0, 6) AS corner ORDER BY corner
  )))
$$;

CREATE OR REPLACE FUNCTION cartodb.cdb_hexagongrid(
  ext public.geometry, side float8, origin public.geometry DEFAULT NULL, maxcells integer DEFAULT 512 * 512
) RETURNS SETOF public.geometry LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  across float8 := side * 1.5;
  up float8 := side * pg_catalog.sqrt(3::float8);
  x0 float8 := coalesce(public.ST_X(origin), 0);
  y0 float8 := coalesce(public.ST_Y(origin), 0);
  columns float8 := pg_catalog.ceil((public.ST_XMax(ext) - public.ST_XMin(ext)) / across) + 1;
  rows float8 := pg_catalog.ceil((public.ST_YMax(ext) - public.ST_YMin(ext)) / up) + 1;
BEGIN
  IF origin IS NOT NULL AND public.ST_SRID(origin) <> public.ST_SRID(ext) THEN
    RAISE EXCEPTION 'SRID mismatch between extent (%) and origin (%)', public.ST_SRID(ext), public.ST_SRID(origin);
  END IF;
  IF columns * rows > maxcells THEN
    RAISE EXCEPTION 'The requested grid is too big to be rendered';
  END IF;
  RETURN QUERY
    SELECT cell FROM (
      SELECT i, j, cartodb.cdb_makehexagon(public.ST_SetSRID(public.ST_MakePoint(
        x0 + i * across, y0 + (j + CASE WHEN i % 2 = 0 THEN 0 ELSE 0.5 END) * up), public.ST_SRID(ext)), side) AS cell
      FROM
        pg_catalog.generate_series(
          pg_catalog.floor((public.ST_XMin(ext) - x0 - side) / across)::int, pg_catalog.ceil((public.ST_XMax(ext) - x0 + side) / across)::int) AS i,
        pg_catalog.generate_series(
          pg_catalog.floor((public.ST_YMin(ext) - y0) / up)::int - 1, pg_catalog.ceil((public.ST_YMax(ext) - y0) / up)::int + 1) AS j
    ) grid
    WHERE public.ST_Intersects(cell, ext) ORDER BY i, j;
END
$$;

CREATE OR REPLACE FUNCTION cartodb.cdb_rectanglegrid(
  ext public.geometry, width float8, height float8, origin public.geometry DEFAULT NULL, maxcells integer DEFAULT 512 * 512
) RETURNS SETOF public.geometry LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  x0 float8 := coalesce(public.ST_X(origin), 0);
  y0 float8 := coalesce(public.ST_Y(origin), 0);
  columns float8 := pg_catalog.ceil((public.ST_XMax(ext) - public.ST_XMin(ext)) / width) + 1;
  rows float8 := pg_catalog.ceil((public.ST_YMax(ext) - public.ST_YMin(ext)) / height) + 1;
BEGIN
  IF origin IS NOT NULL AND public.ST_SRID(origin) <> public.ST_SRID(ext) THEN
    RAISE EXCEPTION 'SRID mismatch between extent (%) and origin (%)', public.ST_SRID(ext), public.ST_SRID(origin);
  END IF;
  IF columns * rows > maxcells THEN
    RAISE EXCEPTION 'The requested grid is too big to be rendered';
  END IF;
  -- Cells are centered on multiples of the steps from the origin.
  RETURN QUERY
    SELECT cell FROM (
      SELECT i, j, public.ST_MakeEnvelope(
        x0 + (i - 0.5) * width, y0 + (j - 0.5) * height, x0 + (i + 0.5) * width, y0 + (j + 0.5) * height, public.ST_SRID(ext)) AS cell
      FROM
        pg_catalog.generate_series(
          pg_catalog.floor((public.ST_XMin(ext) - x0) / width)::int, pg_catalog.ceil((public.ST_XMax(ext) - x0) / width)::int) AS i,
        pg_catalog.generate_series(
          pg_catalog.floor((public.ST_YMin(ext) - y0) / height)::int, pg_catalog.ceil((public.ST_YMax(ext) - y0) / height)::int) AS j
    ) grid
    WHERE public.ST_Intersects(cell, ext) ORDER BY i, j;
END
$$;

CREATE OR REPLACE FUNCTION cartodb.cdb_xyz_extent(x integer, y integer, z integer) RETURNS public.geometry
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT public.ST_MakeEnvelope(edge * (x * part - 1), edge * (1 - (y + 1) * part), edge * ((x + 1) * part - 1), edge * (1 - y * part), 3857)
  FROM (SELECT 6378137.0::float8 * pg_catalog.pi() AS edge, 2 / pg_catalog.power(2::float8, z) AS part) AS tile
$$;

CREATE OR REPLACE FUNCTION cartodb._cdb_update_the_geom_webmercator() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.the_geom_webmercator := cartodb.cdb_transformtowebmercator(NEW.the_geom);
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION cartodb._cdb_add_geometry(reloid regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  found record;
  name text;
  srid integer;
BEGIN
  SELECT a.attname, a.atttypid = 'public.geometry'::regtype AS is_geometry, public.postgis_typmod_srid(a.atttypmod) AS srid
  INTO found FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = reloid AND NOT a.attisdropped AND a.attnum > 0
    AND (a.attname = 'the_geom' OR (a.atttypid = 'public.geometry'::regtype AND a.attname <> 'the_geom_webmercator'))
  ORDER BY a.attname <> 'the_geom', a.attnum LIMIT 1;
  IF found.attname IS NULL THEN
    EXECUTE pg_catalog.format('ALTER TABLE %s ADD COLUMN the_geom public.geometry(Geometry, 4326)', reloid);
  ELSE
    IF NOT found.is_geometry THEN
      RAISE EXCEPTION 'the_geom of % is not a geometry', reloid;
    END IF;
    IF found.attname <> 'the_geom' THEN
      EXECUTE pg_catalog.format('ALTER TABLE %s RENAME COLUMN %I TO the_geom', reloid, found.attname);
    END IF;
    IF found.srid <> 4326 THEN
      EXECUTE pg_catalog.format(
        'ALTER TABLE %s ALTER COLUMN the_geom TYPE public.geometry(Geometry, 4326) USING CASE public.ST_SRID(the_geom)
           WHEN 0 THEN public.ST_SetSRID(the_geom, 4326) ELSE public.ST_Transform(the_geom, 4326) END', reloid);
    END IF;
  END IF;
  SELECT public.postgis_typmod_srid(a.atttypmod) INTO srid FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = reloid AND a.attname = 'the_geom_webmercator' AND NOT a.attisdropped;
  IF srid IS NULL THEN
    EXECUTE pg_catalog.format('ALTER TABLE %s ADD COLUMN the_geom_webmercator public.geometry(Geometry, 3857)', reloid);
  END IF;
  EXECUTE pg_catalog.format(
    'UPDATE %s SET the_geom_webmercator = cartodb.cdb_transformtowebmercator(the_geom)
     WHERE the_geom IS NOT NULL AND the_geom_webmercator IS NULL', reloid);
  FOREACH name IN ARRAY ARRAY['the_geom', 'the_geom_webmercator'] LOOP
    IF NOT EXISTS (
      SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
      JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = c.relam
      WHERE i.indrelid = reloid AND a.attname = name AND m.amname = 'gist'
    ) THEN
      EXECUTE pg_catalog.format('CREATE INDEX ON %s USING gist (%I)', reloid, name);
    END IF;
  END LOOP;
  EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS update_the_geom_webmercator_trigger ON %s', reloid);
  EXECUTE pg_catalog.format(
    'CREATE TRIGGER update_the_geom_webmercator_trigger BEFORE INSERT OR UPDATE OF the_geom ON %s
     FOR EACH ROW EXECUTE FUNCTION cartodb._cdb_update_the_geom_webmercator()', reloid);
END
$$;
`
