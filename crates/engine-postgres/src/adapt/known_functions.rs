//! The functions that are known to change nothing.

/// Functions that change nothing.
pub(crate) const KNOWN: &str = "abs array_agg array_length array_to_string ascii avg bool_and bool_or btrim \
    cardinality ceil ceiling char char_length character_length chr clock_timestamp coalesce concat \
    concat_ws count cume_dist current_date current_time current_timestamp date_part date_trunc \
    dense_rank every exp first_value floor gen_random_uuid generate_series greatest group_concat ifnull \
    initcap instr json_agg json_array_elements json_array_elements_text json_array_length \
    json_build_array json_build_object json_each json_each_text json_extract_path \
    json_extract_path_text json_object_agg json_object_keys json_set json_typeof jsonb_agg \
    jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array \
    jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text \
    jsonb_object_agg jsonb_object_keys jsonb_set jsonb_typeof lag last_value lead least left length ln \
    localtime localtimestamp log lower lpad ltrim max md5 min mod now nth_value ntile nullif \
    octet_length percent_rank phantomdb_created pow power random rank regexp_replace repeat replace \
    reverse right round row_number row_to_json rpad rtrim sign split_part sqrt starts_with \
    statement_timestamp stddev stddev_pop stddev_samp string_agg strpos substr substring sum to_char \
    to_json to_jsonb transaction_timestamp trim trunc typeof unicode unnest upper uuid_generate_v1 \
    uuid_generate_v4 var_pop var_samp variance version";

/// True when the function is known to change nothing, whatever its arguments are.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.split(' ').any(|known| known == name)
}
