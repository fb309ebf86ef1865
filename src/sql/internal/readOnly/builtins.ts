/** Names that only compute, for recognizing statements that read. What is not here may write, so the lists can stay short. */

const list = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/))

/**
 * Words of the language that an expression or a parenthesis may follow. Neither a function nor a type can have such a name
 * without quotes.
 */
export const language: ReadonlySet<string> = list(
  `all and any array as between both case cast coalesce distinct else except exists extract fetch for from greatest group having in
intersect lateral leading least limit not nullif offset on only or order overlay placing position row select some substring table
then to trailing trim union using values variadic when where window with`
)

/** Types of `pg_catalog`, which PostgreSQL finds before any other of that name, and those of PostGIS. */
export const types: ReadonlySet<string> = list(
  `bigint bool boolean box2d box3d bytea char character date decimal float float4 float8 geography geometry inet int int2 int4 int8
integer interval json jsonb name numeric oid point real regclass smallint text time timestamp timestamptz uuid varbit varchar`
)

const general = list(
  `abs age array_agg array_length array_to_string avg bool_and bool_or btrim cardinality ceil ceiling char_length concat concat_ws
corr count cume_dist current_schema current_setting date_part date_trunc dense_rank every exp first_value floor format format_type
generate_series initcap lag last_value lead left length ln log lower ltrim make_date max md5 min mod mode now ntile percent_rank
percentile_cont percentile_disc pg_get_viewdef pg_sleep pg_typeof power random rank regexp_match regexp_matches regexp_replace
replace right round row_number row_to_json rtrim sign split_part sqrt stddev string_agg string_to_array strpos substr sum to_char
to_date to_json to_jsonb to_number to_timestamp unnest upper variance version width_bucket`
)
const postgis = list(
  `area asbinary asgeojson asmvt asmvtgeom astext azimuth buffer centroid clusterkmeans collect contains convexhull coveredby covers
crosses difference disjoint distance dump dwithin envelope equals extent geohash geometryn geometrytype geomfromgeojson
geomfromtext hexagongrid intersection intersects isempty isvalid length makeenvelope makeline makepoint makevalid multi npoints
numgeometries overlaps perimeter point pointonsurface setsrid simplify snaptogrid squaregrid srid tileenvelope touches transform
union within x xmax xmin y ymax ymin z`
)
const prefixed =
  /^(?:jsonb?_(?:agg|array_elements|array_elements_text|array_length|build_array|build_object|each|object_agg|object_keys|typeof)|has_(?:any_column|column|schema|table)_privilege)$/

/** Whether `pg_catalog` or PostGIS has such a function, without an effect: no sequence, setting, lock or SQL text. */
export const isPure = (name: string): boolean =>
  types.has(name) || general.has(name) || prefixed.test(name) || (name.startsWith("st_") && postgis.has(name.slice(3)))

/** Operators of `pg_catalog` and of PostGIS, with the sign of named arguments. */
export const operators: ReadonlySet<string> = list(
  "+ - * / % ^ & | # ~ << >> = <> != < > <= >= || ~* !~ !~* ~~ ~~* !~~ !~~* && @> <@ -> ->> #> #>> ? ?| ?& @? @@ <-> <#> =>"
)

/** Words that write, or return what a cast makes, wherever they stand in a statement that begins as a query. */
export const writing: ReadonlySet<string> = list(
  "analyse analyze create delete execute insert into merge refresh returning share update"
)
