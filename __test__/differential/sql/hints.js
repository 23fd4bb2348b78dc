// Good values for certain arguments (the name of a field, a pattern, a small number) let most calls have an answer. A
// function without hints gets any value of its types.

const FIELDS = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'milliseconds',
  'microseconds',
  'quarter',
  'week',
  'decade',
  'century',
  'millennium',
  'dow',
  'doy',
  'isodow',
  'isoyear',
  'epoch',
  'julian',
  'timezone',
  'nonsense',
].map((name) => `'${name}'`);
const UNITS = FIELDS.slice(0, 13);
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  '+02:00',
  '-5',
  'Asia/Kolkata',
  'Nowhere/City',
  'Australia/Sydney',
].map((name) => `'${name}'`);
const SMALL = ['0', '1', '2', '3', '5', '(-1)', '(-2)', '10'];
const LENGTHS = ['0', '1', '2', '3', '7', '20', '(-1)'];
const POSITIVE = ['1', '2', '3', '4'];
const PATTERNS = [
  'a',
  'b+',
  '[a-c]',
  '^a',
  'c$',
  '(a)(b)?',
  '\\d+',
  '\\s',
  '.',
  'x*',
  '(?i)ABC',
  '[[:alpha:]]+',
  'a|b',
  '',
  'l+',
  '(',
  '\\mW',
  '(b)(c)',
  'o\\M',
].map((text) => `'${text}'`);
const FLAGS = ["'g'", "'i'", "'gi'", "'n'", "''", "'x'", "'q'"];
const REPLACEMENTS = ["'x'", "'<\\1>'", "'[\\&]'", "''", "'\\2\\1'"];
const ENCODINGS = ["'hex'", "'base64'", "'escape'", "'HEX'", "'base65'"];
const CHARSETS = ["'UTF8'", "'LATIN1'", "'utf-8'", "'SQL_ASCII'", "'nonsense'"];
const NUMBER_FORMATS = [
  '999',
  '9990.00',
  'FM999.99',
  '000',
  'S999',
  'L9,999',
  '999,999.9',
  'MI99',
  '9.99EEEE',
  'RN',
  'FMRN',
  'PR99',
  '99V9',
  'SG9',
  '9th',
  'FM9999999999999',
  'x9"y"',
  '0.0',
  'B999',
  '999D99',
  '9G999',
].map((text) => `'${text}'`);
const TIME_FORMATS = [
  'YYYY-MM-DD',
  'YYYY-MM-DD HH24:MI:SS',
  'HH12:MI:SS AM',
  'Day, DD Month YYYY',
  'FMDay FMMonth',
  'Dy Mon DD',
  'IYYY-IW-ID',
  'DDD J Q W WW CC',
  'MS US',
  'YY Y,YYY',
  'HH24"h"MI',
  'TZ OF TZH:TZM',
  'DDth',
  'FMDDTH',
  'SSSS SSSSS',
  'a.m. P.M. B.C. ad',
  'RM rm',
  'FF1 FF3 FF6',
  'D',
  'MONTH mon DAY dy',
].map((text) => `'${text}'`);
const FORMATS = [
  "'%s'",
  "'%s and %s'",
  "'%I'",
  "'%L'",
  "'%%'",
  "'%2$s %1$s'",
  "'%-5s|'",
  "'%5s'",
  "'plain'",
  "'%L %I'",
  "'%x'",
  "'%'",
];
const PATHS = [
  "'{a}'",
  "'{b,0}'",
  "'{b,2,c}'",
  "'{0}'",
  "'{}'",
  "'{-1}'",
  "'{x,y}'",
  "'{k}'",
  "'{4,k}'",
  "ARRAY['b','c']",
];
const KEYS = ["'a'", "'b'", "'k'", "'x'", "'nope'", "''"];
const FORMS = ["'NFC'", "'NFD'", "'NFKC'", "'NFKD'"];
const FRACTIONS = ['0', '0.5', '1', '0.25', "'0.9'", '1.5'];
const FRACTION_LISTS = ["'{0,0.5,1}'", 'ARRAY[0.25, 0.75]', "'{NULL,0.1}'"];
const STRIDES = ["'15 minutes'", "'1 day'", "'2 hours 30 minutes'", "'1 month'", "'0'"].map(
  (text) => `CAST(${text} AS INTERVAL)`,
);
const YEARS = ['2024', '1999', '1', '9999', '0', '(-5)', '2023'];
const MONTHS = ['1', '2', '6', '12', '13', '0'];
const DAYS = ['1', '15', '28', '29', '30', '31', '32', '0'];
const HOURS = ['0', '12', '23', '24', '25'];
const MINUTES = ['0', '30', '59', '60'];
const SECONDS = ['0', '7.5', '59.999999', '60', '30'];
const PARTS = ['0', '1', '(-1)', '2', '15', '100'];
const EXPONENTS = ['0', '1', '2', '3', '(-1)', '0.5', '(-2.5)', '10'];
const MASKS = ["'12,454.8-'", "'1234'", "'-12.5'", "'  7'", "'$5'", "'XIV'"];
const DATES = ["'2024-02-29'", "'29 Feb 2024'", "'20240131'", "'05 Dec 2000'", "'2024-060'"];
const DATE_MASKS = ["'YYYY-MM-DD'", "'DD Mon YYYY'", "'YYYYMMDD'", "'YYYY-DDD'", "'YYYY'", "'HH24:MI'"];
const SERIES = ['0', '1', '3', '5', '(-2)', '10', '7'];
const STEPS = ['1', '2', '(-1)', '3', '0'];
const TIMES = ['2024-01-01', '2024-01-05', '2024-03-30', '2023-12-31 12:00', '2024-03-31 06:00'];
const TIME_STEPS = ["'1 day'", "'12 hours'", "'1 month'", "'-1 day'", "'0'"].map((text) => `CAST(${text} AS INTERVAL)`);
const typed = (texts, type) => texts.map((text) => `CAST('${text}' AS ${type})`);
const casts = (texts, type) => texts.map((text) => `CAST(${text} AS ${type})`);

/** By name, and by name with the type of the first argument: the values of each argument; undefined leaves it to its type. */
const HINTS = {
  repeat: [undefined, LENGTHS],
  lpad: [undefined, LENGTHS],
  rpad: [undefined, LENGTHS],
  left: [undefined, SMALL],
  right: [undefined, SMALL],
  substr: [undefined, SMALL, SMALL],
  'substring int4': [undefined, SMALL, SMALL],
  'substring text': [undefined, PATTERNS, ["'#'", "'\\'"]],
  split_part: [undefined, ["','", "' '", "'b'", "''"], SMALL],
  overlay: [undefined, undefined, SMALL, SMALL],
  chr: [['65', '97', '228', '8364', '127881', '0', '55296', '(-1)', '1114112']],
  ascii: [],
  encode: [undefined, ENCODINGS],
  decode: [["'616263'", "'YWJj'", "'abc'", "'\\\\000a'", "'zz'", "'DEADBEEF'", "'YW Jj'"], ENCODINGS],
  convert_to: [undefined, CHARSETS],
  convert_from: [undefined, CHARSETS],
  convert: [undefined, CHARSETS.slice(0, 3), CHARSETS.slice(0, 3)],
  'length text': [undefined, CHARSETS],
  get_byte: [undefined, SMALL],
  set_byte: [undefined, SMALL, ['0', '255', '65', '300', '(-1)']],
  get_bit: [undefined, SMALL],
  set_bit: [undefined, SMALL, ['0', '1', '2']],
  normalize: [undefined, FORMS],
  is_normalized: [undefined, FORMS],
  unistr: [["'\\0061bc'", "'\\+01F389'", "'plain'", "'\\\\'", "'\\00'"]],
  parse_ident: [["'a.b'", '\'"A b".c\'', "'x'", "'a.'", "'Foo.Bar'"]],
  format: [FORMATS],
  '~': [undefined, PATTERNS],
  '~*': [undefined, PATTERNS],
  '!~': [undefined, PATTERNS],
  '!~*': [undefined, PATTERNS],
  regexp_like: [undefined, PATTERNS, FLAGS],
  regexp_count: [undefined, PATTERNS, POSITIVE, FLAGS],
  regexp_instr: [undefined, PATTERNS, POSITIVE, POSITIVE, ['0', '1'], FLAGS, ['0', '1', '2']],
  regexp_substr: [undefined, PATTERNS, POSITIVE, POSITIVE, FLAGS, ['0', '1', '2']],
  regexp_match: [undefined, PATTERNS, FLAGS],
  regexp_matches: [undefined, PATTERNS, FLAGS],
  regexp_split_to_table: [undefined, PATTERNS, FLAGS],
  regexp_split_to_array: [undefined, PATTERNS, FLAGS],
  'regexp_replace text': [undefined, PATTERNS, REPLACEMENTS, FLAGS],
  'regexp_replace int4': [undefined, PATTERNS, REPLACEMENTS, POSITIVE, ['0', '1', '2'], FLAGS],
  similar_to_escape: [
    ["'a%b_c'", "'(a|b)*'", "'[abc]'"],
    ["'#'", "'\\'", "''"],
  ],
  factorial: [['0', '1', '5', '20', '30', '(-1)', '100']],
  to_number: [MASKS, NUMBER_FORMATS],
  'to_char numbers': [undefined, NUMBER_FORMATS],
  'to_char times': [undefined, TIME_FORMATS],
  to_date: [DATES, DATE_MASKS],
  'to_timestamp text': [DATES, DATE_MASKS],
  'to_timestamp float8': [['0', '1700000000', '1.5', '(-86400)', '1e9']],
  '^': [undefined, EXPONENTS],
  power: [undefined, EXPONENTS],
  pow: [undefined, EXPONENTS],
  exp: [['0', '1', '0.5', '(-2)', '10.25', '(-0.001)', "'NaN'"]],
  'log numeric': [['2', '10', '1.5', '100', '0'], undefined],
  '<<': [undefined, ['0', '1', '3', '8', '31', '40', '(-1)']],
  '>>': [undefined, ['0', '1', '3', '8', '31', '40', '(-1)']],
  'width_bucket numbers': [undefined, ['0', '1', '(-5)'], ['10', '5', '0', '100'], ['4', '5', '10', '0']],
  extract: [FIELDS],
  date_part: [FIELDS],
  date_trunc: [UNITS, undefined, ZONES],
  date_bin: [STRIDES],
  timezone: [ZONES],
  'timezone interval': [["'2 hours'", "'-05:30'", "'0'", "'1 day'"].map((text) => `CAST(${text} AS INTERVAL)`)],
  date_add: [undefined, undefined, ZONES],
  date_subtract: [undefined, undefined, ZONES],
  make_date: [YEARS, MONTHS, DAYS],
  make_time: [HOURS, MINUTES, SECONDS],
  make_timestamp: [YEARS, MONTHS, DAYS, HOURS, MINUTES, SECONDS],
  make_timestamptz: [YEARS, MONTHS, DAYS, HOURS, MINUTES, SECONDS, ZONES],
  make_interval: [PARTS, PARTS, PARTS, PARTS, PARTS, PARTS, SECONDS],
  'generate_series int4': [SERIES, SERIES, STEPS],
  'generate_series int8': [casts(SERIES, 'BIGINT'), casts(SERIES, 'BIGINT'), casts(STEPS, 'BIGINT')],
  'generate_series numeric': [
    casts(SERIES, 'NUMERIC'),
    [...casts(SERIES, 'NUMERIC'), '4.5', '2.25'],
    ['0.5', '1.0', '2', '(-1.5)', '0.0'],
  ],
  'generate_series timestamp': [typed(TIMES, 'TIMESTAMP'), typed(TIMES, 'TIMESTAMP'), TIME_STEPS],
  'generate_series timestamptz': [typed(TIMES, 'TIMESTAMPTZ'), typed(TIMES, 'TIMESTAMPTZ'), TIME_STEPS, ZONES],
  generate_subscripts: [undefined, ['1', '2', '0']],
  '-> text': [undefined, KEYS],
  '-> int4': [undefined, SMALL],
  '->> text': [undefined, KEYS],
  '->> int4': [undefined, SMALL],
  '#>': [undefined, PATHS],
  '#>>': [undefined, PATHS],
  '#-': [undefined, PATHS],
  '?': [undefined, KEYS],
  '?|': [undefined, PATHS],
  '?&': [undefined, PATHS],
  jsonb_set: [undefined, PATHS],
  jsonb_set_lax: [
    undefined,
    PATHS,
    undefined,
    undefined,
    ["'use_json_null'", "'delete_key'", "'return_target'", "'raise_exception'", "'other'"],
  ],
  jsonb_insert: [undefined, PATHS],
  jsonb_delete_path: [undefined, PATHS],
  json_object: [
    ["'{a,1,b,2}'", "'{a,b}'", "'{{a,1},{b,2}}'", "'{a}'", "'{}'"],
    ["'{1,2}'", "'{x,NULL}'", "'{1}'"],
  ],
  json_extract_path: [undefined, KEYS, KEYS],
  json_array_element: [undefined, SMALL],
  percentile_cont: [FRACTIONS],
  'percentile_cont float8[]': [FRACTION_LISTS],
  percentile_disc: [FRACTIONS],
  'percentile_disc float8[]': [FRACTION_LISTS],
  array_fill: [undefined, ["'{3}'", 'ARRAY[2,2]', "'{0}'", "'{NULL}'"]],
  array_length: [undefined, ['1', '2', '0']],
  array_lower: [undefined, ['1', '2', '0']],
  array_upper: [undefined, ['1', '2', '0']],
  trim_array: [undefined, ['0', '1', '2', '(-1)', '9']],
  string_to_array: [undefined, ["','", "''", "' '", 'NULL'], ["''", "'a'"]],
  string_to_table: [undefined, ["','", "''", "' '", 'NULL'], ["''", "'a'"]],
  array_to_string: [undefined, ["','", "''"], ["'-'", "'*'"]],
};

const NUMBERS = new Set(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8']);
const TIMES_OF_TO_CHAR = new Set(['timestamp', 'timestamptz', 'interval']);
const ALIASES = [
  [/^jsonb_(object|extract_path|array_element)/, 'json_$1'],
  [/_text$/, ''],
];

/** The values of the arguments of a signature, by their position. */
function hintsFor(signature) {
  const types = signature.arguments.map((argument) => argument.type);
  const name = ALIASES.reduce((text, [from, to]) => text.replace(from, to), signature.name);
  const [first, second] = types;
  if (name === 'regexp_replace') return HINTS[types[3] === 'int4' ? 'regexp_replace int4' : 'regexp_replace text'];
  const group = NUMBERS.has(first) ? 'numbers' : TIMES_OF_TO_CHAR.has(first) ? 'times' : '';
  const isBuckets = name === 'width_bucket' && types.length < 4;
  const names = [`${name} ${second}`, `${name} ${first}`, isBuckets ? '' : `${name} ${group}`, name];
  const found = names.find((candidate) => Object.hasOwn(HINTS, candidate));
  return found ? HINTS[found] : [];
}

module.exports = { hintsFor };
