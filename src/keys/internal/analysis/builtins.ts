/** Functions of PostgreSQL itself that need rights which no parsed statement shows. Their oids are the same in every version. */

export const nextval = 1574
export const currval = 1575
export const setval: ReadonlySet<number> = new Set([1576, 1765])

/** Functions that run a query which they are given as text, or read a table that they are given by name. */
export const runsQueries: ReadonlyMap<number, string> = new Map([
  [2923, "table_to_xml"],
  [2924, "query_to_xml"],
  [2925, "cursor_to_xml"],
  [2926, "table_to_xmlschema"],
  [2927, "query_to_xmlschema"],
  [2928, "cursor_to_xmlschema"],
  [2929, "table_to_xml_and_xmlschema"],
  [2930, "query_to_xml_and_xmlschema"],
  [2933, "schema_to_xml"],
  [2934, "schema_to_xmlschema"],
  [2935, "schema_to_xml_and_xmlschema"],
  [2936, "database_to_xml"],
  [2937, "database_to_xmlschema"],
  [2938, "database_to_xml_and_xmlschema"],
  [3685, "ts_rewrite"],
  [3689, "ts_stat"],
  [3690, "ts_stat"]
])
