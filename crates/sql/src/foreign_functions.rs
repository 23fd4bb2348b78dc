//! Advice for functions of SQLite, MySQL and MariaDB that PhantomDB SQL has under another name, or does not have.

/// Names, each with what does the same.
const INSTEAD: &[(&str, &str)] = &[
    ("changes", "the number of changed rows, which is in the answer of a statement"),
    ("curdate", "CURRENT_DATE"),
    ("curtime", "CAST(now() AS TIME)"),
    ("date_format", "to_char(time, 'YYYY-MM-DD')"),
    ("date_sub", "time - INTERVAL '1 day'"),
    ("datediff", "CAST(a AS DATE) - CAST(b AS DATE)"),
    ("datetime", "now(), or time + INTERVAL '1 day'"),
    ("dayofmonth", "extract(day FROM time)"),
    ("dayofweek", "extract(dow FROM time) + 1"),
    ("day", "extract(day FROM time)"),
    ("field", "CASE value WHEN 'a' THEN 1 WHEN 'b' THEN 2 END"),
    ("find_in_set", "array_position(string_to_array(list, ','), value)"),
    ("from_unixtime", "to_timestamp(seconds)"),
    ("hex", "encode(bytes, 'hex')"),
    ("hour", "extract(hour FROM time)"),
    ("iif", "CASE WHEN condition THEN a ELSE b END"),
    ("json_array", "json_build_array(…)"),
    ("json_arrayagg", "json_agg(value)"),
    ("json_contains", "document @> '…'"),
    ("json_extract", "document #> '{a,b}', or #>> for the text"),
    ("json_group_array", "json_agg(value)"),
    ("json_group_object", "json_object_agg(key, value)"),
    ("json_length", "json_array_length(document)"),
    ("json_objectagg", "json_object_agg(key, value)"),
    ("json_unquote", "document ->> 'key'"),
    ("json_value", "document #>> '{a,b}'"),
    ("julianday", "extract(julian FROM time)"),
    ("last_insert_id", "INSERT … RETURNING id"),
    ("last_insert_rowid", "INSERT … RETURNING id"),
    ("locate", "strpos(text, part)"),
    ("minute", "extract(minute FROM time)"),
    ("month", "extract(month FROM time)"),
    ("printf", "format('%s', value)"),
    ("quarter", "extract(quarter FROM time)"),
    ("rand", "random()"),
    ("second", "extract(second FROM time)"),
    ("str_to_date", "to_timestamp(text, 'YYYY-MM-DD')"),
    ("strftime", "to_char(time, 'YYYY-MM-DD'), or extract(year FROM time)"),
    ("timestampdiff", "extract(epoch FROM a - b)"),
    ("total", "coalesce(sum(value), 0)"),
    ("unix_timestamp", "extract(epoch FROM time)"),
    ("unixepoch", "extract(epoch FROM time)"),
    ("utc_timestamp", "now()"),
    ("uuid", "gen_random_uuid()"),
    ("week", "extract(week FROM time)"),
    ("weekday", "extract(isodow FROM time) - 1"),
    ("year", "extract(year FROM time)"),
];

/// The expression that does the same as a function of another database; None for other names.
pub fn instead_of(name: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(foreign, _)| *foreign == name).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typing::functions;

    #[test]
    fn it_names_no_function_that_takes_other_arguments_here() {
        // `uuid()` is a cast, and takes a text.
        for (name, _) in INSTEAD.iter().filter(|(name, _)| *name != "uuid") {
            assert!(functions(name).next().is_none(), "{name}");
        }
    }
}
