/** Functions that need rights, or run SQL, that no parsed statement shows. */

/** Functions that draw numbers from a sequence or look at it: USAGE on the sequence is enough. */
export const sequenceFunctions: ReadonlySet<string> = new Set(["nextval", "currval", "pg_sequence_parameters"])

/** The same for the sequence that was used last, which no argument names. */
export const lastval = "lastval"

/** Functions that set a sequence. */
export const setval = "setval"

/** Functions that look at or change a setting by its name. */
export const settingFunctions: ReadonlySet<string> = new Set(["current_setting", "set_config"])

/** Functions that run SQL text, read by a name that is text, or check rights that depend on data. */
const runs = [
  "table_to_xml query_to_xml cursor_to_xml table_to_xmlschema query_to_xmlschema cursor_to_xmlschema",
  "table_to_xml_and_xmlschema query_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema",
  "database_to_xml database_to_xmlschema database_to_xml_and_xmlschema ts_rewrite ts_stat",
  // large objects have rights of their own
  "lo_open lo_get lo_put lo_unlink loread lowrite lo_truncate lo_truncate64 lo_export",
  // roles decide
  "pg_cancel_backend pg_terminate_backend pg_database_size pg_tablespace_size pg_tablespace_databases pg_sequence_last_value",
  "pg_get_sequence_data pg_create_physical_replication_slot pg_create_logical_replication_slot pg_copy_logical_replication_slot",
  "pg_copy_physical_replication_slot pg_drop_replication_slot pg_logical_slot_get_changes pg_logical_slot_peek_changes",
  "pg_logical_slot_get_binary_changes pg_logical_slot_peek_binary_changes pg_replication_slot_advance pg_sync_replication_slots",
  "pg_prepared_xact pg_restore_relation_stats pg_clear_relation_stats pg_restore_attribute_stats pg_clear_attribute_stats",
  "brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list pg_input_is_valid pg_input_error_info",
  // names are looked up, also in schemas that a key may not use
  "to_regclass to_regtype to_regproc to_regprocedure to_regoper to_regoperator to_regnamespace to_regrole to_regcollation"
].flatMap((names) => names.split(" "))

/** Of PostgreSQL itself: all that is looked up by name in the analysis. */
export const runsWithCallersRights: ReadonlyArray<string> = [
  ...runs,
  ...sequenceFunctions,
  ...settingFunctions,
  lastval,
  setval
]

/** Whether a function runs more than it shows. */
export const isOpaque = (name: string): boolean => runs.includes(name)

/** Extensions whose functions in C, and immutable ones, read no tables with the rights of their caller. */
export const trustedExtensions: ReadonlyArray<string> = (
  "postgis postgis_raster postgis_sfcgal pg_trgm hstore citext unaccent ltree intarray cube earthdistance fuzzystrmatch " +
  "uuid-ossp pgcrypto btree_gist btree_gin bloom isn seg"
).split(" ")
