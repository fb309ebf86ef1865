/**
 * The schema `cdb_dataservices_client`: geocoding, isolines, routing and the Data Observatory. Each service refuses
 * keys without its permission. Country polygons are real. The functions of other services report that the emulator does
 * not have them.
 */
import * as Effect from "effect/Effect"
import type { ConnectionError, Database, DatabaseError } from "../database.ts"
import * as Countries from "./countries.ts"

interface Service {
  readonly permission: "geocoding" | "isolines" | "routing" | "observatory"
  /** The name of the service in the refusal message. */
  readonly title: string
  /** The functions that the emulator does not implement: name, parameters and result. */
  readonly functions: ReadonlyArray<readonly [name: string, parameters: string, result: string]>
}

// `geometry` stands for the geometry type, which is text if PostGIS is not installed.
const services: ReadonlyArray<Service> = [
  {
    permission: "geocoding",
    title: "Geocoding",
    functions: [
      ["cdb_geocode_admin1_polygon", "admin1_name text", "geometry"],
      ["cdb_geocode_admin1_polygon", "admin1_name text, country_name text", "geometry"],
      ["cdb_geocode_namedplace_point", "city_name text", "geometry"],
      ["cdb_geocode_namedplace_point", "city_name text, country_name text", "geometry"],
      ["cdb_geocode_namedplace_point", "city_name text, admin1_name text, country_name text", "geometry"],
      ["cdb_geocode_postalcode_polygon", "postal_code text, country_name text", "geometry"],
      ["cdb_geocode_postalcode_point", "postal_code text, country_name text", "geometry"],
      ["cdb_geocode_ipaddress_point", "ip_address text", "geometry"],
      [
        "cdb_geocode_street_point",
        "searchtext text, city text DEFAULT NULL, state_province text DEFAULT NULL, country text DEFAULT NULL",
        "geometry"
      ]
    ]
  },
  {
    permission: "isolines",
    title: "Isolines",
    functions: [
      [
        "cdb_isodistance",
        "source geometry, mode text, range integer[], options text[] DEFAULT ARRAY[]::text[]",
        "SETOF cdb_dataservices_client.isoline"
      ],
      [
        "cdb_isochrone",
        "source geometry, mode text, range integer[], options text[] DEFAULT ARRAY[]::text[]",
        "SETOF cdb_dataservices_client.isoline"
      ]
    ]
  },
  {
    permission: "routing",
    title: "Routing",
    functions: [
      [
        "cdb_route_point_to_point",
        "origin geometry, destination geometry, mode text, options text[] DEFAULT ARRAY[]::text[], units text DEFAULT 'kilometers'",
        "cdb_dataservices_client.simple_route"
      ],
      [
        "cdb_route_with_waypoints",
        "waypoints geometry[], mode text, options text[] DEFAULT ARRAY[]::text[], units text DEFAULT 'kilometers'",
        "cdb_dataservices_client.simple_route"
      ]
    ]
  },
  {
    permission: "observatory",
    title: "Data Observatory",
    functions: [
      [
        "obs_getdemographicsnapshot",
        "geom geometry, time_span text DEFAULT NULL, geometry_level text DEFAULT NULL",
        "SETOF json"
      ],
      ["obs_getsegmentsnapshot", "geom geometry, geometry_level text DEFAULT NULL", "SETOF json"],
      [
        "obs_getmeasure",
        'geom geometry, measure_id text, "normalize" text DEFAULT NULL, boundary_id text DEFAULT NULL, time_span text DEFAULT NULL',
        "numeric"
      ]
    ]
  }
]

const definer = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

const type = (name: string, attributes: string): string => `
DO $do$ BEGIN
  IF pg_catalog.to_regtype('cdb_dataservices_client.${name}') IS NULL THEN
    CREATE TYPE cdb_dataservices_client.${name} AS (${attributes});
  END IF;
END $do$;`

const requirePermission = ({ permission, title }: Service): string =>
  `PERFORM cdb_dataservices_client._require_permission('${permission}', '${title}');`

const missing = (service: Service, geometry: string): ReadonlyArray<string> =>
  service.functions.map(
    ([name, parameters, result]) => `
CREATE OR REPLACE FUNCTION cdb_dataservices_client.${name}(${parameters.replace(/\bgeometry\b/g, geometry)})
RETURNS ${result.replace(/^geometry$/, geometry)} LANGUAGE plpgsql STABLE ${definer} AS $function$
BEGIN
  ${requirePermission(service)}
  RAISE EXCEPTION 'the embedded CARTO does not have ${name}' USING ERRCODE = 'feature_not_supported';
END
$function$;`
  )

/**
 * SQL that creates the schema's functions. Run it as superuser in a CARTO database. It may run repeatedly. The
 * functions look up the key's configuration by session user, which a key's SQL cannot change.
 */
export const setUp = (options: { readonly postgis: boolean }): string => {
  const geometry = options.postgis ? "public.geometry" : "text"
  return `
CREATE TABLE IF NOT EXISTS cdb_dataservices_client._countries (id integer PRIMARY KEY, the_geom ${geometry} NOT NULL);
CREATE TABLE IF NOT EXISTS cdb_dataservices_client._country_names (name text PRIMARY KEY, id integer NOT NULL);
REVOKE ALL ON cdb_dataservices_client._countries, cdb_dataservices_client._country_names FROM PUBLIC;
${type("isoline", `center ${geometry}, data_range integer, the_geom ${geometry}`)}
${type("simple_route", `shape ${geometry}, length real, duration integer`)}

CREATE OR REPLACE FUNCTION cdb_dataservices_client._require_permission(permission text, title text) RETURNS void
LANGUAGE plpgsql STABLE ${definer} AS $function$
DECLARE
  configuration jsonb;
BEGIN
  SELECT value::jsonb INTO configuration FROM cartodb.cdb_conf WHERE key = 'api_keys_' || session_user;
  IF configuration IS NULL OR NOT coalesce((configuration -> 'permissions') ? permission, false) THEN
    RAISE EXCEPTION '% permission denied', title USING ERRCODE = '01007';
  END IF;
  IF coalesce(configuration ->> 'username', '') IN ('', '""') THEN
    RAISE EXCEPTION 'Username is a mandatory argument, check it out';
  END IF;
END
$function$;

CREATE OR REPLACE FUNCTION cdb_dataservices_client.cdb_geocode_admin0_polygon(country_name text)
RETURNS ${geometry} LANGUAGE plpgsql STABLE ${definer} AS $function$
DECLARE
  country ${geometry};
BEGIN
  PERFORM cdb_dataservices_client._require_permission('geocoding', 'Geocoding');
  IF NOT EXISTS (SELECT FROM cdb_dataservices_client._countries) THEN
    RAISE EXCEPTION 'the embedded CARTO has no country polygons'
      USING HINT = 'They come from the npm package world-atlas, once the text of a request names the function.';
  END IF;
  SELECT c.the_geom INTO country
  FROM cdb_dataservices_client._country_names n JOIN cdb_dataservices_client._countries c ON c.id = n.id
  WHERE n.name = regexp_replace(replace(lower(normalize(country_name, NFD)), '&', 'and'), '[^a-z0-9]', '', 'g');
  RETURN country;
END
$function$;
${type("service_quota_info", "service text, monthly_quota numeric, used_quota numeric, soft_limit boolean, provider text")}
CREATE OR REPLACE FUNCTION cdb_dataservices_client.cdb_service_quota_info()
RETURNS SETOF cdb_dataservices_client.service_quota_info LANGUAGE sql STABLE ${definer} AS $function$
  SELECT service, 0::numeric, 0::numeric, false, 'none' FROM unnest(ARRAY['isolines', 'hires_geocoder', 'routing', 'observatory']) service
$function$;
${services.flatMap((service) => missing(service, geometry)).join("\n")}
`
}

/** Whether SQL text names the function that needs the country polygons. */
export const needsCountries = (sql: string): boolean => /cdb_geocode_admin0_polygon/i.test(sql)

/** Loads the country polygons, unless they are present. They take a megabyte, so they are loaded on first use. */
export const loadCountries: (database: Database) => Effect.Effect<void, ConnectionError | DatabaseError> =
  Effect.fnUntraced(function* (database) {
    const present = yield* database.superuser("SELECT 1 FROM cdb_dataservices_client._countries LIMIT 1")
    if (present.length > 0) return
    const countries = yield* Countries.read
    const names = countries.flatMap((country, id) => country.names.map((name) => ({ id, name })))
    const polygons = countries.map(({ geometry }, id) => ({ id, geometry }))
    yield* database.superuser(
      `INSERT INTO cdb_dataservices_client._country_names (name, id)
     SELECT name, id FROM pg_catalog.json_to_recordset($1::json) AS country(name text, id integer)
     ON CONFLICT DO NOTHING`,
      [JSON.stringify(names)]
    )
    yield* database.superuser(
      `INSERT INTO cdb_dataservices_client._countries (id, the_geom)
     SELECT id, geometry${database.postgis ? "::public.geometry" : ""}
     FROM pg_catalog.json_to_recordset($1::json) AS country(id integer, geometry text)
     ON CONFLICT DO NOTHING`,
      [JSON.stringify(polygons)]
    )
  })
