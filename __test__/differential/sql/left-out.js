// Where the engines may differ, each with a name. docs/engines.md explains them to users.

const { Node, SIMPLE, replaced, within } = require('./node');

const STRINGS = /'(?:[^']|'')*'/g;
const NOT_VALUES = ['clause', 'list', 'statement', 'write', 'kept', 'step'];
/** The shortest part that can fail: `log(0)`. */
const SHORTEST = 6;
/** What a query that needs another one around it says. */
const OUTSIDE = ['UNKNOWN_COLUMN', 'UNKNOWN_TABLE'];

/** A statement with a part by itself, over all rows that it may read; undefined when it reads others. */
function alone(part) {
  if (NOT_VALUES.includes(part.type)) return undefined;
  if (part.type === 'query') return part;
  const plain = part.text.replace(STRINGS, '');
  if (/\b([crstlumdk]|excluded)\."/.test(plain)) return undefined;
  const from = /\b[ab]\."/.test(plain)
    ? ' FROM "v" AS a CROSS JOIN "w" AS b'
    : plain.includes('"v"."')
      ? ' FROM "v"'
      : plain.includes('x."')
        ? ' FROM "x"'
        : '';
  return new Node('statement', ['SELECT ', part, ` AS "x"${from}`]);
}

/** The codes with which both engines refuse parts of the statement. */
async function refusals(engines, answer) {
  const codes = new Set();
  for (const part of within(answer.root)) {
    const root = part.text.length < SHORTEST ? undefined : alone(part);
    if (!root) continue;
    const { mine, theirs } = await engines.ask({ root, isOrdered: true });
    if (!mine.code || !theirs.code || OUTSIDE.includes(theirs.code)) continue;
    codes.add(mine.code).add(theirs.code);
  }
  return codes;
}

/**
 * Whether the statement has two errors, and the engines agree about each of them: with a harmless value in the place of one
 * part both report the code of the one engine, and in that of another part the code of the other. An error that one engine
 * alone reports then needs a rule of its own.
 */
async function hasBothErrors(engines, asked) {
  const { root, mine, theirs } = asked;
  const left = new Set([mine.code, theirs.code]);
  for (const part of within(root)) {
    if (NOT_VALUES.includes(part.type) || part.type === 'query') continue;
    for (const value of ['NULL', SIMPLE[part.type] ?? 'NULL']) {
      const answer = await engines.ask({ ...asked, root: replaced(root, part, new Node(part.type, [value])) });
      if (answer.mine.code && answer.mine.code === answer.theirs.code) left.delete(answer.mine.code);
      const code = { fails: answer.mine.code, lax: answer.theirs.code }[answer.verdict];
      if (left.has(code) && (await explain(engines, answer))) left.delete(code);
      if (!left.size) return true;
    }
  }
  return false;
}

/** Rows in which the last value is NULL, or none. */
const NOTHING = /^(\[(.*,)?null\](\n|$))*$/;

/** Whether there are no rows, or one of the values is NULL in all of them. */
function hasColumnOfNulls(text) {
  const rows = text.split('\n').map((line) => (line ? JSON.parse(line) : []));
  return text === '' || rows[0].some((_, index) => rows.every((row) => row[index] === null));
}

/** Whether NULL in the place of a string, or of its cast, makes both engines give the answer that the one gave with it. */
async function hasUnreadLiteral(engines, asked) {
  for (const part of within(asked.root)) {
    if ((part.text.match(STRINGS) ?? []).length !== 1 || NOT_VALUES.includes(part.type)) continue;
    const root = replaced(asked.root, part, new Node(part.type, ['NULL']));
    const answer = await engines.ask({ ...asked, root });
    if (answer.verdict === 'same' && answer.mine.text === asked.mine.text) return true;
  }
  return false;
}

/** Whether NULL in the place of a value makes both engines give the answer that the one gave with it. */
async function hasUnneededValue(engines, asked) {
  const { text } = asked.mine.code ? asked.theirs : asked.mine;
  for (const part of within(asked.root)) {
    if (NOT_VALUES.includes(part.type) || part.type === 'query') continue;
    const answer = await engines.ask({ ...asked, root: replaced(asked.root, part, new Node(part.type, ['NULL'])) });
    if (answer.verdict === 'same' && answer.mine.text === text) return true;
  }
  return false;
}

/** With floats of fewer digits. */
const rounded = (text) => text.replace(/-?\d+\.\d+(e[-+]?\d+)?/g, (number) => Number(number).toPrecision(14));
const ANY_NUMBER = /decimal|float|integer/g;
const DECIMAL = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/;
const isNumber = (value) => typeof value === 'number' || (typeof value === 'string' && DECIMAL.test(value));

/** Whether two rows are the same, when a decimal may be a number or a string. */
function sameNumbers(mine, theirs) {
  const alike = (cell) => (isNumber(cell) ? Number(cell) : cell);
  const rows = (text) => text.split('\n').map((line) => JSON.stringify((line ? JSON.parse(line) : []).map(alike)));
  return JSON.stringify(rows(mine).sort()) === JSON.stringify(rows(theirs).sort());
}

/** The types of the columns, when a column whose type only its values tell may have any. */
function sameButAny(mine, theirs) {
  const others = theirs.split(' ');
  return mine.split(' ').every((type, index) => type === 'any' || type === others[index]);
}

const RULES = [
  {
    // The plan of SQLite serves values of every type.
    name: 'the type of a column that is a bound value',
    holds: ({ mine, theirs, values, verdict }) =>
      verdict === 'types' && values.length > 0 && sameButAny(mine.types, theirs.types),
  },
  {
    name: 'the years 1 to 9999',
    holds: ({ mine, verdict }) => ['fails', 'codes'].includes(verdict) && /years 1 to 9999/.test(mine.message),
  },
  {
    name: 'time zones in the syntax of POSIX',
    holds: ({ mine, verdict }) => ['fails', 'codes'].includes(verdict) && /there is no time zone/.test(mine.message),
  },
  {
    // Bit strings, for example, are among the types that a string in quotes or NULL may mean.
    name: 'functions of PostgreSQL for types that PhantomDB does not have',
    holds: ({ mine, theirs, verdict, sql }) => {
      // A time of day has a zone there then.
      if (verdict === 'fails' && /^there is no function timezone\([^)]*, time without/.test(mine.message)) return true;
      const isOfBits = /\b[sg]et_bit\((NULL|')/.test(sql);
      if (verdict === 'types') return isOfBits;
      return (
        ['lax', 'codes'].includes(verdict) &&
        (/is not unique|valid binary digit|\|\| bit$|^cannot cast type bit |types bit and|and bit cannot be matched$|is of type bit$/.test(
          theirs.message,
        ) ||
          (theirs.code === 'UNKNOWN_FUNCTION' && isOfBits))
      );
    },
  },
  {
    name: 'json and jsonb are one type on SQLite',
    holds: ({ theirs, verdict, sql }) =>
      ['lax', 'codes'].includes(verdict) &&
      (/(equality operator|comparison function|ordering operator|convert) (for )?type json/.test(theirs.message) ||
        (['UNKNOWN_FUNCTION', 'TYPE_MISMATCH'].includes(theirs.code) &&
          /\b(to_json|json_\w+|row_to_json)\(/.test(sql) &&
          /there is no function|json/.test(theirs.message))),
  },
  {
    name: 'an array of documents has one dimension on SQLite',
    holds: ({ mine, verdict, sql }) =>
      (verdict === 'fails' && /arrays in an array/.test(mine.message) && /json|document/i.test(sql)) ||
      (verdict === 'wrong' && /array_agg\(.*(JSONB?\[\]|ARRAY\[.*(json|document))/i.test(sql)),
  },
  {
    name: 'a document null in an array is NULL on SQLite',
    holds: ({ verdict, sql }) =>
      ['wrong', 'lax', 'fails'].includes(verdict) &&
      /JSONB?\[\]|ARRAY\[/.test(sql) &&
      /json|document/i.test(sql) &&
      /null|document/.test(sql),
  },
  {
    name: 'an array of strings in quotes takes the type of the other side of ANY and ALL',
    holds: ({ theirs, verdict, sql }) =>
      verdict === 'lax' &&
      /operator does not exist: .* text$|ARRAY types .* cannot be matched/.test(theirs.message) &&
      /\b(ANY|ALL) \(ARRAY/.test(sql),
  },
  {
    // PostgreSQL's operators for arrays take two of one type. VARCHAR and TEXT are one type in the arrays of SQLite.
    name: 'an array of VARCHAR beside one of TEXT',
    holds: ({ theirs, verdict }) =>
      verdict === 'lax' &&
      /^operator does not exist: (text|character varying)\[\] \S+ (text|character varying)\[\]$/.test(theirs.message),
  },
  {
    name: 'arguments that the PostgreSQL engine casts',
    holds: ({ mine, theirs, verdict, sql }) =>
      mine.code === 'UNKNOWN_FUNCTION' &&
      ((verdict === 'codes' &&
        (/^cannot cast type/.test(theirs.message) ||
          /there is no function jsonb?_\w+\([^)]*text/.test(mine.message))) ||
        (verdict === 'fails' && /\b(stddev|var)\w*\(/.test(sql) && /jsonb?\)/.test(mine.message)) ||
        // It casts a text to the document that the function takes, and to the number that is rounded.
        (verdict === 'fails' && /there is no function jsonb?_\w+\([^)]*text/.test(mine.message)) ||
        (['fails', 'codes'].includes(verdict) &&
          /there is no function (round|trunc)\((text|character varying), /.test(mine.message))),
  },
  {
    name: 'what is wrong with the text of an interval',
    holds: ({ mine, theirs, verdict }) =>
      verdict === 'codes' && /is not an interval/.test(mine.message) && /interval field value/.test(theirs.message),
  },
  {
    name: 'a list of keys or a path with two dimensions',
    holds: ({ theirs, verdict }) => verdict === 'lax' && /wrong number of array subscripts/.test(theirs.message),
  },
  {
    name: 'the empty array in the order of documents',
    holds: ({ mine, theirs, verdict, sql }) =>
      verdict === 'wrong' && /json|document/i.test(sql) && mine.text.includes('[]') !== theirs.text.includes('[]'),
  },
  {
    // With a constant NULL, PostgreSQL's function reads in the second row the memory that it wrote and freed in the first.
    name: 'jsonb_set_lax with a constant NULL over several rows',
    holds: ({ theirs, verdict, sql }) =>
      ['lax', 'wrong'].includes(verdict) &&
      /\bjsonb_set_lax\(.*\bNULL\b/.test(sql) &&
      (verdict === 'wrong' || theirs.code === 'INTERNAL'),
  },
  {
    name: 'the last digit of a cube root',
    holds: ({ mine, theirs, verdict, sql }) =>
      verdict === 'wrong' &&
      /cbrt|\|\|\//.test(sql) &&
      // The sine of a large number shows its last digit.
      (rounded(mine.text) === rounded(theirs.text) || /\b(sin|cos|tan|cot)[dh]?\(/.test(sql)),
  },
  {
    name: 'a number that does not fit when the pattern V multiplies it',
    holds: ({ mine, verdict, sql }) =>
      verdict === 'fails' && /integer out of range/.test(mine.message) && /to_char\(.*'[^']*V/i.test(sql),
  },
  {
    name: 'how a decimal travels',
    holds: ({ mine, theirs, verdict }) =>
      ['wrong', 'types'].includes(verdict) &&
      mine.types.replaceAll(ANY_NUMBER, 'number') === theirs.types.replaceAll(ANY_NUMBER, 'number') &&
      sameNumbers(mine.text, theirs.text),
  },
  {
    name: 'the fraction of a percentile of no rows',
    holds: ({ mine, theirs, verdict }) =>
      verdict === 'lax' && /^percentile value/.test(theirs.message) && NOTHING.test(mine.text),
  },
  {
    name: 'the type of NULL, and the collation, in the first part of a recursive query',
    holds: ({ theirs, verdict }) =>
      ['lax', 'codes'].includes(verdict) && /^recursive query .* has (type text|collation)/.test(theirs.message),
  },
  {
    // PostgreSQL knows which functions always give the same, and the casts from text to times are not among them.
    name: 'what an index and a generated column may compute',
    holds: ({ theirs, verdict, root }) =>
      root.type === 'kept' &&
      ['lax', 'codes'].includes(verdict) &&
      /is not immutable$|must be marked IMMUTABLE$/.test(theirs.message),
  },
  {
    // The value of a column of text has a collation there, and a cast or a function of two types of text has none.
    name: 'collations that PostgreSQL cannot choose',
    holds: ({ theirs, verdict }) =>
      ['lax', 'codes'].includes(verdict) && /^could not determine which collation/.test(theirs.message),
  },
  {
    name: 'a series of too many elements',
    holds: ({ mine, theirs, verdict }) =>
      verdict === 'codes' && mine.code === 'TOO_LARGE' && theirs.code === 'STATEMENT_TIMEOUT',
  },
  {
    name: 'which of several errors comes first',
    async holds(answer, codes, engines) {
      const { mine, theirs, verdict } = answer;
      if (verdict !== 'codes') return false;
      const found = await codes();
      // PostgreSQL computes constants before it looks at rows, whose errors the parts alone do not show.
      const isFound = found.has(theirs.code) && (found.has(mine.code) || theirs.code === 'SYNTAX_ERROR');
      return isFound || (await hasBothErrors(engines, answer));
    },
  },
  {
    // SQLite computes more or less of what the result does not need, and PostgreSQL computes constants first.
    name: 'an error in a part that the result does not need',
    async holds(answer, codes, engines) {
      const { root, mine, theirs, verdict } = answer;
      if (!['fails', 'lax'].includes(verdict)) return false;
      const code = mine.code ?? theirs.code;
      if ((await codes()).has(code)) return true;
      // A part that reads what another step makes cannot be asked for alone.
      const isOfValue = ['TYPE_MISMATCH', 'OUT_OF_RANGE'].includes(code);
      return root.type === 'kept' && isOfValue && (await hasUnneededValue(engines, answer));
    },
  },
  {
    // PostgreSQL computes the constants in a branch of CASE before it looks for a row that takes the branch.
    name: 'a constant in a branch of CASE that no row takes',
    holds: ({ theirs, verdict, sql }) =>
      verdict === 'lax' && /\bCASE jsonb_typeof\(/.test(sql) && /^cannot (delete|set|get|extract)/.test(theirs.message),
  },
  {
    // PostgreSQL converts the constants of SET before it looks for rows.
    name: 'a constant that is assigned in no row',
    async holds({ root, mine, theirs, verdict }, _, engines) {
      const isValue = /^(invalid input|numeric field overflow|value too long|cannot convert infinit)|out of range/;
      if (verdict !== 'lax' || root.type !== 'write' || !isValue.test(theirs.message)) return false;
      const { mine: before } = await engines.ask({
        root: new Node('statement', ['SELECT * FROM "x" ORDER BY 1']),
        groups: true,
      });
      const rows = mine.text.split('\n').filter((line) => line !== '["after"]');
      return rows.join('\n') === before.text;
    },
  },
  {
    // A constant of a sub-query is a constant of the query around it, too, and PostgreSQL computes it before it looks for rows.
    name: 'a constant of a sub-query, when there are no rows',
    holds: ({ mine, theirs, verdict, sql }) =>
      verdict === 'lax' &&
      mine.text === '' &&
      /\b[crstl]\."/.test(sql) &&
      (theirs.code === 'OUT_OF_RANGE' || /^cannot (delete|set|get|extract|cast jsonb)/.test(theirs.message)),
  },
  {
    name: 'an argument of a function whose other argument is NULL',
    holds: ({ theirs, verdict }) => verdict === 'fails' && NOTHING.test(theirs.text),
  },
  {
    // PostgreSQL reads the literals of a statement before it runs.
    name: 'a literal that cannot be read, which no row needs or which another error hides',
    async holds(answer, _, engines) {
      const { mine, theirs, verdict } = answer;
      const cannotBeRead =
        /^(invalid input|malformed array|value ".*" is out of range|date\/time field value out of range|numeric field overflow|value too long)/;
      if (!cannotBeRead.test(theirs.message ?? '')) return false;
      if (verdict !== 'lax') return verdict === 'codes';
      return hasColumnOfNulls(mine.text) || (await hasUnreadLiteral(engines, answer));
    },
  },
];

/** The name of the rule that explains a difference; undefined when there is none. */
async function explain(engines, answer) {
  let found;
  const codes = async () => {
    found ??= await refusals(engines, answer);
    return found;
  };
  for (const { name, holds } of RULES) {
    if (await holds(answer, codes, engines)) return name;
  }
  return undefined;
}

module.exports = { explain };
