// The rows of the table of functions and operators (crates/sql/src/typing/rows), from which the expressions are made: a new
// row is tried without a change here.

const fs = require('node:fs');
const path = require('node:path');

const ROWS = path.join(__dirname, '../../../crates/sql/src/typing/rows');
const FAMILIES = ['numbers', 'text', 'times', 'documents', 'arrays', 'aggregates', 'others'];
const FLAGS = ['aggregate', 'window', 'set', 'volatile', 'notnull', 'callednull'];

const OPERATOR = /^(?:(\S+) )?(\S+) (\S+)$/;
const CALL = /^(\w+)\((.*)\)$/;

/** `TYPE`, `TYPE = DEFAULT`, `variadic TYPE`. */
function argument(text) {
  const [declared, byDefault] = text.split(' = ');
  const type = declared.replace(/^variadic /, '');
  return { type, isOptional: byDefault !== undefined, isVariadic: type !== declared };
}

const argumentsOf = (list) =>
  list
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean)
    .map(argument);

function readResult(text) {
  const columns = /^(record|only)\((.*?)\)/.exec(text);
  const rest = columns ? text.slice(columns[0].length) : text;
  const [named, ...words] = rest.split(',').map((word) => word.trim());
  for (const word of words) if (!FLAGS.includes(word)) throw new Error(`the flag ${word} is not known here`);
  const list = columns?.[2].split(',').map((column) => column.trim().split(' ')[1]);
  const result = columns?.[1] === 'record' ? 'record' : (list?.[0] ?? named);
  return { result, columns: list ?? undefined, flags: words };
}

/** `extract` gives a float, on both. */
const RESULTS = { extract: 'float8' };

function read(row) {
  const head = row.slice(0, row.indexOf(' := '));
  const arrow = head.lastIndexOf(' -> ');
  const left = head.slice(0, arrow).trim();
  const { result, columns, flags } = readResult(head.slice(arrow + 4).trim());
  const [isAggregate, isSet, isVolatile] = ['aggregate', 'set', 'volatile'].map((flag) => flags.includes(flag));
  const call = CALL.exec(left);
  const common = { row: head, result: RESULTS[call?.[1]] ?? result, columns, isVolatile };
  if (call) {
    const [plain, ordered = ''] = call[2].split(';');
    const kind = isAggregate ? 'aggregate' : isSet ? 'set' : 'call';
    return {
      ...common,
      kind,
      name: call[1],
      arguments: argumentsOf(plain),
      ordered: argumentsOf(ordered),
      isOrdered: call[2].includes(';'),
    };
  }
  const [, first, name, second] = OPERATOR.exec(left);
  const operands = [first, second].filter(Boolean).map(argument);
  return { ...common, kind: name === '::' ? 'cast' : first ? 'infix' : 'prefix', name, arguments: operands };
}

/**
 * Rows that are not tried: what the adapter calls by itself, values that only a column has, the engine's own version, and
 * `citext`, a type of an extension, which has contract tests of its own.
 */
const NOT_NAMED = /^to_json_of\(|\(enum\)|^version\(|^text :: json\[\]|^json\[\] ::|citext/;

/** Every row that a statement can name. */
function signatures() {
  const rows = FAMILIES.flatMap((family) => fs.readFileSync(path.join(ROWS, `${family}.txt`), 'utf8').split('\n'));
  return rows.filter((row) => row.includes(' := ') && !row.startsWith('#') && !NOT_NAMED.test(row)).map(read);
}

module.exports = { signatures };
