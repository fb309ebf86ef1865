/** Tells which statements can do no harm when they run twice. */
import { codeOnly } from "./lexer.ts"

const begins = /^[\s(]*(?:select|values|table|with|show|explain)\b/i
/** Words that write, wherever they stand in such a statement; a lock is held to be a write too. */
const writes = /\b(?:insert|update|delete|merge|into|create|refresh|execute|analyze|share)\b/i

/** What may stand before a parenthesis: the language's own words, types, and functions of PostgreSQL and PostGIS that only compute. */
const harmless = new Set(
  `all and any array as between by case cast char character cube decimal distinct else end except exists extract filter from
group having ilike in intersect interval is join lateral like limit not numeric offset on or order over partition rollup row
select sets some then time timestamp timestamptz union using values varbit varchar when where with within
abs array_agg array_length avg bool_and bool_or btrim cardinality ceil ceiling char_length coalesce concat concat_ws corr count
cume_dist current_schema date_part date_trunc dense_rank every first_value floor format format_type generate_series greatest
jsonb_agg jsonb_build_object json_agg json_build_object json_object_agg jsonb_object_agg lag last_value lead least left length ln log
lower ltrim make_date max md5 min mod mode now ntile nullif percent_rank percentile_cont percentile_disc position power random
rank regexp_matches regexp_replace replace right round row_number row_to_json rtrim sign split_part sqrt stddev string_agg
strpos substr substring sum to_char to_date to_json to_jsonb to_number to_timestamp trim trunc unnest upper variance version
width_bucket`.split(/\s/)
)

/**
 * Whether a text is one statement that reads, and calls nothing that might do more. Other functions can write, so a SELECT
 * that calls them does not pass; a view can hide one.
 */
export const isReadOnly = (text: string): boolean => {
  // what backslashes mean depends on a setting, and a quoted name before a parenthesis can be any function
  if (/\\|"\s*\(/.test(text)) return false
  const code = codeOnly(text).replace(/;\s*$/, "")
  if (code.includes(";") || !begins.test(code) || writes.test(code)) return false
  return Array.from(code.matchAll(/([\p{L}\p{N}_$.]+)\s*\(/gu), ([, name = ""]) =>
    name.toLowerCase().replace(/^pg_catalog\./, "")
  ).every((name) => harmless.has(name) || /^(?:st_\w+|has_\w+_privilege|pg_(?:get|sleep|typeof)\w*)$/.test(name))
}
