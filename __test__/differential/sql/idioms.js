// These are the expressions that applications write where a value of a type is wanted.

const { node } = require('./node');

const KEYS = ["'a'", "'b'", "'k'", "'x'", "'n'"];
const PATHS = ["'{b,0}'", "'{b,2,c}'", "'{0}'", "'{x}'", "'{k}'", "'{4,k}'"];
const PARTS = ["'{}'", '\'{"a": 1}\'', "'[1]'", '\'{"b": [1]}\'', '\'"text"\'', "'[null]'", '\'[{"a": 1}]\''];
const ZONES = ["'Europe/Berlin'", "'America/New_York'", "'UTC'", "'+02:00'", "'Asia/Kolkata'"];
const UNITS = ["'day'", "'week'", "'month'", "'quarter'", "'year'", "'hour'"];
const FIELDS = ['year', 'month', 'day', 'hour', 'dow', 'isodow', 'week', 'epoch', 'quarter'];
const PERIODS = ["'1 day'", "'1 month'", "'90 minutes'", "'-2 hours'", "'1 year 2 days'", "'1.5 days'"];

/** What applications write where a value of the type is wanted: from `some` part of a type, and `one` of several texts. */
const IDIOMS = {
  bool: [
    ({ some, of, one }) => of`(${some('jsonb')} @> ${one(PARTS)})`,
    ({ some, of, one }) => of`(${some('jsonb')} -> ${one(KEYS)} ? ${one(KEYS)})`,
    ({ some, of, one }) => of`((${some('jsonb')} ->> ${one(KEYS)}) = ${one(["'1'", "'d'", "''"])})`,
    ({ some, of, one }) => of`((${some('jsonb')} #>> ${one(PATHS)}) IS NOT NULL)`,
    ({ some, of }) => of`(jsonb_typeof(${some('jsonb')}) IN ('array', 'object'))`,
    ({ some, of }) => of`(${some('int4')} = ANY (${some('int4[]')}))`,
    ({ some, of }) => of`(${some('int4')} <> ALL (${some('int4[]')}))`,
    ({ some, of, one }) => of`(${some('int4')} ${one(['=', '<', '>='])} ANY ('{1,2,NULL}'))`,
    ({ some, of }) => of`(${some('text')} = ANY ('{a,"b c",NULL}'::text[]))`,
    ({ some, of, one }) => of`(${some('text')} ${one(['LIKE', 'ILIKE', 'NOT LIKE'])} ANY (ARRAY['a%', '%B%']))`,
    ({ some, of, one }) => of`(${some('text')} ${one(['LIKE', 'ILIKE'])} ALL (ARRAY['%a%', '%b%']))`,
    ({ some, of, one }) => of`(${some('text')} ${one(['~', '~*'])} ANY (ARRAY['^a', 'd$']))`,
    ({ some, of }) => of`(${some('text[]')} && ARRAY['a', ${some('text')}])`,
    ({ some, of }) => of`(${some('int4[]')} @> ARRAY[${some('int4')}])`,
    ({ some, of, one }) => of`(${some('timestamptz')} >= ${some('timestamptz')} - INTERVAL ${one(PERIODS)})`,
    ({ some, of }) => of`(${some('timestamptz')}::date = ${some('date')})`,
    ({ some, of }) => of`(${some('date')} BETWEEN ${some('date')} AND ${some('date')} + 30)`,
    ({ some, of }) => of`(${some('date')} BETWEEN SYMMETRIC ${some('date')} AND ${some('date')})`,
    ({ some, of }) => of`(${some('int4')} NOT BETWEEN SYMMETRIC ${some('int4')} AND ${some('int4')})`,
    ({ some, of }) => of`(LOWER(${some('text')}) LIKE '%' || LOWER(${some('text')}) || '%')`,
    ({ some, of }) => of`(starts_with(${some('text')}, ${some('text')}))`,
    ({ some, of }) => of`((${some('int4')}, ${some('text')}) > (${some('int4')}, ${some('text')}))`,
    ({ some, of }) => of`((${some('int4')}, ${some('date')}) IS DISTINCT FROM (${some('int4')}, ${some('date')}))`,
    ({ some, of }) => of`(${some('int4')} IN (SELECT "v_id" FROM "w"))`,
    ({ some, of }) => of`(${some('int4')} NOT IN (SELECT "count" FROM "w" WHERE "kind" = 'a'))`,
    ({ some, of }) => of`((${some('bool')}) IS NOT DISTINCT FROM (${some('bool')}))`,
    ({ some, of }) => of`(${some('bool')} = ${some('bool')})`,
  ],
  int4: [
    ({ some, of }) =>
      of`jsonb_array_length(CASE jsonb_typeof(${some('jsonb')}) WHEN 'array' THEN ${some('jsonb')} END)`,
    ({ some, of, one }) => of`cardinality(${some(one(['int4[]', 'text[]']))})`,
    ({ some, of }) => of`COALESCE(array_length(${some('text[]')}, 1), 0)`,
    ({ some, of }) => of`array_position(${some('text[]')}, ${some('text')})`,
    ({ some, of, one }) => of`EXTRACT(${one(FIELDS)} FROM ${some('timestamptz')})::int`,
    ({ some, of }) => of`(${some('date')} - ${some('date')})`,
    ({ some, of }) => of`length(${some('text')})`,
    ({ some, of }) => of`(CASE WHEN ${some('bool')} THEN 1 ELSE 0 END)`,
    ({ some, of }) => of`(${some('bool')})::int`,
    ({ some, of }) => of`round(${some('numeric')})::int`,
    ({ some, of }) => of`(SELECT count(*)::int FROM "w" WHERE "w"."count" > ${some('int4')})`,
    ({ some, of }) => of`COALESCE(NULLIF(${some('int4')}, 0), 1)`,
    ({ some, of }) => of`(${some('int4')} % NULLIF(${some('int4')}, 0))`,
  ],
  int8: [
    ({ some, of }) => of`(SELECT count(*) FROM "w" WHERE "w"."kind" = ${some('text')})`,
    ({ some, of }) => of`(SELECT sum("count") FROM "w" WHERE "w"."v_id" = ${some('int4')})`,
    ({ some, of }) => of`EXTRACT(epoch FROM ${some('timestamptz')})::bigint`,
    ({ some, of }) => of`(SELECT count(*) FROM unnest(${some('int4[]')}) AS u WHERE u > 1)`,
    ({ some, of }) => of`(SELECT count(DISTINCT u) FROM unnest(${some('text[]')}) AS u)`,
  ],
  numeric: [
    ({ some, of, one }) =>
      of`(CASE WHEN jsonb_typeof(${some('jsonb')} -> ${one(KEYS)}) = 'number' THEN (${some('jsonb')} ->> 'n')::numeric END)`,
    ({ some, of, one }) => of`round(${some('numeric')}, ${one(['2', '0', '-1'])})`,
    ({ some, of }) => of`round(100.0 * ${some('int4')} / NULLIF(${some('int4')}, 0), 2)`,
    ({ some, of }) => of`(${some('numeric')} * ${some('int4')})`,
    ({ some, of }) => of`COALESCE((SELECT sum("amount") FROM "w" WHERE "w"."v_id" = ${some('int4')}), 0)`,
    ({ some, of }) => of`(SELECT avg("amount") FROM "w" WHERE "w"."count" < ${some('int4')})`,
    ({ some, of }) => of`EXTRACT(epoch FROM (${some('timestamptz')} - ${some('timestamptz')}))`,
    ({ some, of }) => of`(${some('numeric')})::numeric(12,2)`,
  ],
  float8: [
    ({ some, of }) => of`(${some('int4')}::float / NULLIF(${some('int8')}, 0))`,
    ({ some, of }) => of`(${some('numeric')} / 3)::double precision`,
  ],
  text: [
    ({ some, of, one }) => of`(${some('jsonb')} ->> ${one(KEYS)})`,
    ({ some, of, one }) => of`(${some('jsonb')} -> ${one(KEYS)} ->> ${one(['0', '-1', "'c'"])})`,
    ({ some, of, one }) => of`(${some('jsonb')} #>> ${one(PATHS)})`,
    ({ some, of }) => of`(${some('jsonb')})::text`,
    ({ some, of }) => of`concat_ws(', ', ${some('text')}, ${some('text')}, ${some('int4')})`,
    ({ some, of }) => of`(${some('text')} || ' ' || ${some('text')})`,
    ({ some, of }) => of`(${some('text')} || ${some('int4')})`,
    ({ some, of }) => of`(${some('numeric')} || ${some('text')})`,
    ({ some, of }) => of`COALESCE(NULLIF(TRIM(${some('text')}), ''), 'none')`,
    ({ some, of, one }) => of`initcap(left(${some('text')}, ${one(['1', '3', '-1'])}))`,
    ({ some, of, one }) => of`upper(substring(${some('text')} from ${one(['1', '2', '0', '-1'])} for 3))`,
    ({ some, of }) => of`lpad(${some('int4')}::text, 5, '0')`,
    ({ some, of }) => of`regexp_replace(${some('text')}, '[^[:alnum:]]+', '-', 'g')`,
    ({ some, of }) => of`translate(${some('text')}, 'aeiouäöü', 'AEIOU')`,
    ({ some, of, one }) =>
      of`to_char(${some('timestamptz')}, ${one(["'YYYY-MM-DD'", "'IYYY-IW'", "'Mon YYYY'", "'HH24:MI'"])})`,
    ({ some, of, one }) =>
      of`to_char(${some('numeric')}, ${one(["'FM999G990D00'", "'990.0'", "'00000'", "'S9.9EEEE'"])})`,
    ({ some, of }) => of`array_to_string(${some('text[]')}, ', ', '-')`,
    ({ some, of }) => of`(SELECT string_agg(u, '/' ORDER BY u) FROM unnest(${some('text[]')}) AS u)`,
    ({ some, of }) =>
      of`(SELECT string_agg(DISTINCT "kind", ',' ORDER BY "kind") FROM "w" WHERE "count" > ${some('int4')})`,
    ({ some, of }) => of`(SELECT max("kind") FROM "w" WHERE "v_id" = ${some('int4')})`,
    ({ some, of }) => of`md5(${some('text')})`,
    ({ some, of }) => of`encode(convert_to(${some('text')}, 'UTF8'), 'hex')`,
    ({ some, of }) => of`reverse(${some('text')})`,
    ({ some, of }) => of`format('%s-%s', ${some('text')}, ${some('int4')})`,
    ({ some, of, one }) => of`split_part(${some('text')}, ' ', ${one(['1', '2', '-1'])})`,
    ({ some, of }) =>
      of`(CASE WHEN ${some('int4')} > 5 THEN 'many' WHEN ${some('int4')} > 0 THEN 'some' ELSE ${some('text')} END)`,
    ({ some, of }) => of`(CASE ${some('text')} WHEN 'a' THEN 'x' WHEN 'abc' THEN NULL ELSE 'other' END)`,
  ],
  date: [
    ({ some, of }) => of`(${some('timestamptz')})::date`,
    ({ some, of, one }) => of`(${some('timestamptz')} AT TIME ZONE ${one(ZONES)})::date`,
    ({ some, of }) => of`(date_trunc('month', ${some('timestamptz')}) + INTERVAL '1 month - 1 day')::date`,
    ({ some, of, one }) => of`(${some('date')} + ${one(['1', '-7', '365'])})`,
    ({ some, of, one }) => of`date_trunc(${one(UNITS)}, ${some('date')})::date`,
    ({ of, one }) => of`make_date(2024, ${one(['1', '2', '12'])}, 1)`,
  ],
  timestamp: [
    ({ some, of, one }) => of`(${some('timestamptz')} AT TIME ZONE ${one(ZONES)})`,
    ({ some, of }) => of`(${some('date')} + ${some('time')})`,
    ({ some, of, one }) => of`date_trunc(${one(UNITS)}, ${some('timestamptz')} AT TIME ZONE ${one(ZONES)})`,
  ],
  timestamptz: [
    ({ some, of, one }) => of`date_trunc(${one(UNITS)}, ${some('timestamptz')})`,
    ({ some, of, one }) => of`date_trunc(${one(UNITS)}, ${some('timestamptz')}, ${one(ZONES)})`,
    ({ some, of, one }) => of`(${some('timestamptz')} + INTERVAL ${one(PERIODS)})`,
    ({ some, of, one }) => of`(${some('timestamptz')} + ${some('int4')} * INTERVAL ${one(PERIODS)})`,
    ({ some, of, one }) => of`(${some('timestamp')} AT TIME ZONE ${one(ZONES)})`,
    ({ some, of }) => of`date_bin('15 minutes', ${some('timestamptz')}, TIMESTAMPTZ '2024-01-01')`,
    ({ some, of }) => of`to_timestamp(${some('int4')})`,
    ({ some, of }) => of`GREATEST(${some('timestamptz')}, ${some('date')})`,
  ],
  interval: [
    ({ some, of }) => of`(${some('timestamptz')} - ${some('timestamptz')})`,
    ({ some, of }) => of`age(${some('timestamptz')}, ${some('timestamptz')})`,
    ({ some, of }) => of`make_interval(days => ${some('int4')})`,
    ({ some, of }) => of`make_interval(hours => 2, mins => ${some('int4')})`,
    ({ some, of, one }) => of`(${some('int4')} * INTERVAL ${one(PERIODS)})`,
    ({ some, of }) => of`(${some('int4')} || ' days')::interval`,
    ({ some, of }) => of`justify_interval(${some('interval')})`,
  ],
  jsonb: [
    ({ some, of, one }) => of`(${some('jsonb')} -> ${one(KEYS)})`,
    ({ some, of, one }) => of`(${some('jsonb')} -> ${one(KEYS)} -> ${one(['0', '-1'])})`,
    ({ some, of, one }) => of`(${some('jsonb')} || ${one(PARTS)})`,
    ({ some, of }) => of`(${some('jsonb')} || jsonb_build_object('n', ${some('int4')}, 't', ${some('text')}))`,
    ({ some, of }) => of`(CASE jsonb_typeof(${some('jsonb')}) WHEN 'object' THEN ${some('jsonb')} - 'a' - 'b' END)`,
    ({ some, of }) =>
      of`jsonb_build_object('d', ${some('date')}, 'at', ${some('timestamptz')}, 'p', ${some('numeric')})`,
    ({ some, of }) => of`jsonb_build_array(${some('int4')}, ${some('text')}, ${some('bool')}, ${some('jsonb')})`,
    ({ some, of, one }) => of`to_jsonb(${some(one(['text', 'numeric', 'int4[]', 'text[]', 'float8', 'timestamptz']))})`,
    ({ some, of }) => of`jsonb_strip_nulls(jsonb_build_object('x', ${some('text')}, 'y', ${some('int4')}))`,
    ({ some, of }) => of`(SELECT jsonb_agg(u ORDER BY u) FROM unnest(${some('int4[]')}) AS u)`,
    ({ some, of }) =>
      of`COALESCE((SELECT jsonb_agg(jsonb_build_object('id', "w"."id", 'k', "w"."kind") ORDER BY "w"."id") FROM "w" WHERE "w"."v_id" = ${some('int4')}), '[]')`,
    ({ some, of }) =>
      of`(SELECT jsonb_object_agg("w"."id", "w"."amount") FROM "w" WHERE "w"."count" = ${some('int4')})`,
  ],
  'int4[]': [
    ({ some, of }) => of`ARRAY(SELECT "w"."id" FROM "w" WHERE "w"."v_id" = ${some('int4')} ORDER BY "w"."id")`,
    ({ some, of }) => of`(${some('int4[]')} || ${some('int4')})`,
    ({ some, of }) => of`array_remove(${some('int4[]')}, ${some('int4')})`,
    ({ some, of }) => of`ARRAY(SELECT DISTINCT u FROM unnest(${some('int4[]')}) AS u ORDER BY u)`,
    ({ some, of }) =>
      of`(SELECT array_agg("w"."count" ORDER BY "w"."id" DESC) FROM "w" WHERE "w"."v_id" = ${some('int4')})`,
    ({ some, of }) => of`COALESCE(${some('int4[]')}, '{}')`,
  ],
  'text[]': [
    ({ some, of }) => of`string_to_array(${some('text')}, ' ')`,
    ({ some, of }) => of`regexp_split_to_array(${some('text')}, '\\s+')`,
    ({ some, of }) => of`ARRAY(SELECT upper(u) FROM unnest(${some('text[]')}) WITH ORDINALITY AS t(u, n) ORDER BY n)`,
    ({ some, of }) => of`array_append(${some('text[]')}, ${some('text')})`,
    ({ some, of }) => of`(${some('text[]')})[1:2]`,
    ({ some, of }) =>
      of`(SELECT array_agg(DISTINCT "w"."kind" ORDER BY "w"."kind") FROM "w" WHERE "w"."count" > ${some('int4')})`,
  ],
};

/** An idiom of the type; undefined where there is none. `some` makes a part of a type. */
function idiom(random, type, some) {
  const ways = IDIOMS[type];
  return ways && random.of(ways)({ some, of: node(type), one: (texts) => random.of(texts) });
}

module.exports = { IDIOMS, idiom };
