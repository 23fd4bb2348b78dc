// Random expressions of a type, made from the table of signatures.

const { hintsFor } = require('./hints');
const { SCALARS, bound, elementOf, isArray, literal, quoted, sqlName, textOf } = require('./literals');
const { Bound, Node, joined, node } = require('./node');

const WIDER = {
  int2: ['int4', 'int8', 'numeric', 'float4', 'float8'],
  int4: ['int8', 'numeric', 'float4', 'float8'],
  int8: ['numeric', 'float4', 'float8'],
  numeric: ['float4', 'float8'],
  float4: ['float8'],
  varchar: ['text'],
  bpchar: ['text'],
  date: ['timestamp', 'timestamptz'],
  timestamp: ['timestamptz'],
  time: ['interval'],
};
/** What converts to the type by itself. */
const narrower = (type) => Object.keys(WIDER).filter((from) => WIDER[from].includes(type));

const ELEMENTS = SCALARS.filter((type) => type !== 'varchar' && type !== 'bpchar');
const COMPARED = ELEMENTS.filter((type) => type !== 'json');
const CAST_FORMS = ['NUMERIC(6,2)', 'NUMERIC(3)', 'VARCHAR(3)', 'CHAR(4)', 'TIMESTAMP(0)', 'TIMESTAMPTZ(3)', 'TIME(2)'];
const FORM_TYPES = ['numeric', 'numeric', 'varchar', 'bpchar', 'timestamp', 'timestamptz', 'time'];

const NUMBERS = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];
const TIMES = ['date', 'timestamp', 'timestamptz'];
const CASTS = {
  ...Object.fromEntries(NUMBERS.map((type) => [type, NUMBERS])),
  ...Object.fromEntries(TIMES.map((type) => [type, TIMES])),
  text: ELEMENTS,
  bool: ['int4'],
  time: ['timestamp', 'timestamptz', 'interval'],
  interval: ['time'],
  bytea: ['int2', 'int4', 'int8'],
  jsonb: ['json'],
};

/** Functions that have a syntax of their own beside the call. */
const SYNTAX = {
  extract: ([field, source]) => ['EXTRACT(', field, ' FROM ', source, ')'],
  position: ([part, whole]) => ['POSITION(', part, ' IN ', whole, ')'],
  substring: ([text, from, length]) => ['SUBSTRING(', text, ' FROM ', from, ...(length ? [' FOR ', length] : []), ')'],
  overlay: ([text, by, from, length]) => [
    'OVERLAY(',
    text,
    ' PLACING ',
    by,
    ' FROM ',
    from,
    ...(length ? [' FOR ', length] : []),
    ')',
  ],
  btrim: ([text, characters]) => ['TRIM(BOTH ', ...(characters ? [characters] : []), ' FROM ', text, ')'],
  ltrim: ([text, characters]) => ['TRIM(LEADING ', ...(characters ? [characters] : []), ' FROM ', text, ')'],
  rtrim: ([text, characters]) => ['TRIM(TRAILING ', ...(characters ? [characters] : []), ' FROM ', text, ')'],
  timezone: ([zone, time]) => [time, ' AT TIME ZONE ', zone],
  overlaps: ([a, b, c, d]) => ['(', a, ', ', b, ') OVERLAPS (', c, ', ', d, ')'],
};
const ONLY_SYNTAX = new Set(['overlaps', 'normalize', 'extract', 'position']);
SYNTAX.normalize = ([text, form]) => [
  'normalize(',
  text,
  ...(form ? [`, ${/NFK?[CD]/.exec(form.text)?.[0] ?? 'NFC'}`] : []),
  ')',
];

class Expressions {
  #random;
  #byResult = new Map();
  #columns;
  /** So many of a hundred values are bound. */
  #share = 0;

  /** `columns` are the columns that an expression may use: `{ name, type }`. */
  constructor(random, signatures, columns = []) {
    this.#random = random;
    this.#columns = columns;
    for (const signature of signatures) {
      if (!['call', 'infix', 'prefix', 'cast'].includes(signature.kind) || signature.isVolatile) continue;
      const list = this.#byResult.get(signature.result) ?? [];
      this.#byResult.set(signature.result, [...list, signature]);
    }
  }

  /** The same, with other columns. */
  over(columns) {
    const other = new Expressions(this.#random, []);
    other.#byResult = this.#byResult;
    other.#columns = columns;
    other.#share = this.#share;
    return other;
  }

  /** The same, with values that are bound among those that are written. */
  binding(share) {
    const other = this.over(this.#columns);
    other.#share = share;
    return other;
  }

  anyType() {
    const element = this.#random.of(ELEMENTS);
    return this.#random.percent(20) ? `${element}[]` : element;
  }

  comparedType() {
    const element = this.#random.of(COMPARED);
    return this.#random.percent(10) ? `${element}[]` : element;
  }

  column(type) {
    const columns = this.#columns.filter((column) => column.type === type);
    if (columns.length === 0) return undefined;
    return new Node(type, [this.#random.of(columns).name]);
  }

  leaf(type) {
    const random = this.#random;
    return (random.percent(60) && this.column(type)) || this.#bound(type) || new Node(type, [literal(random, type)]);
  }

  /** A bound value, with its type or without it. */
  #bound(type) {
    if (!this.#share || !this.#random.percent(this.#share)) return undefined;
    const value = bound(this.#random, type);
    if (value === undefined) return undefined;
    const part = new Bound(type, value);
    return this.#random.percent(50) ? part : node(type)`CAST(${part} AS ${sqlName(type)})`;
  }

  of(type, depth) {
    if (depth <= 0) return this.leaf(type);
    const ways = [
      () => this.leaf(type),
      () => this.#byRow(type, depth),
      () => this.#byRow(type, depth),
      () => this.#generic(type, depth),
    ];
    if (type === 'bool')
      ways.push(
        () => this.#condition(depth),
        () => this.#condition(depth),
      );
    if (isArray(type)) ways.push(() => this.#array(type, depth));
    return this.#random.of(ways)() ?? this.leaf(type);
  }

  #byRow(type, depth) {
    const rows = this.#byResult.get(type) ?? [];
    const any = isArray(type) ? 'anyarray' : 'anyelement';
    const compatible = isArray(type) ? 'anycompatiblearray' : 'anycompatible';
    const all = [...rows, ...(this.#byResult.get(any) ?? []), ...(this.#byResult.get(compatible) ?? [])];
    if (all.length === 0) return undefined;
    const signature = this.#random.of(all);
    const element = isArray(type) ? elementOf(type) : type;
    return this.call(signature, depth - 1, element);
  }

  /** What a pseudo-type stands for in one call, and the type of each argument. */
  types(signature, element = this.#random.of(ELEMENTS)) {
    const one = (type) => {
      if (['anyelement', 'anycompatible'].includes(type)) return element;
      if (['anyarray', 'anycompatiblearray'].includes(type)) return `${element}[]`;
      if (['any', 'anytext', 'anyjson'].includes(type)) return this.anyType();
      return type;
    };
    const list = [...signature.arguments, ...(signature.ordered ?? [])];
    const needed = list.filter((argument) => !argument.isOptional).length;
    const count = needed + this.#random.below(list.length - needed + 1);
    const types = list.slice(0, count).map((argument) => one(argument.type));
    const last = list.at(-1);
    if (last?.isVariadic) {
      const more = /object/.test(signature.name) ? 2 * this.#random.below(2) + 1 : this.#random.below(3);
      for (let index = 0; index < more; index++) types.push(one(last.type));
    }
    return { types, result: one(signature.result) };
  }

  /** A call of a row, with arguments of its types, or of types that convert to them. */
  call(signature, depth, element) {
    const { types, result } = this.types(signature, element);
    const hints = hintsFor(signature);
    const values = types.map((type, index) => this.argument(type, depth, hints[index]));
    return new Node(result, this.#written(signature, values, result));
  }

  /** The arguments of an aggregate, and after them what it orders by. */
  aggregateArguments(signature, types, depth) {
    const hints = hintsFor(signature);
    // The arguments before WITHIN GROUP may not depend on the rows.
    const direct = signature.isOrdered ? signature.arguments.length : 0;
    return types.map((type, index) => {
      if (index < direct) return new Node(type, [this.#random.of(hints[index] ?? [literal(this.#random, type)])]);
      return this.argument(type, depth, hints[index]);
    });
  }

  argument(type, depth, hints) {
    const random = this.#random;
    if (hints && !random.percent(6)) return new Node(type, [random.of(hints)]);
    if (type === 'record') return new Node(type, ['ROW(', ...joined([this.leaf('int4'), this.leaf('text')]), ')']);
    const chance = random.next() * 100;
    if (chance < 6) return new Node(type, [quoted(textOf(random, type))]);
    if (chance < 8) return new Node(type, ['NULL']);
    if (chance < 16) return this.of(random.of([type, ...narrower(type)]), depth);
    if (chance < 18) return this.of(this.anyType(), depth);
    return this.of(type, depth);
  }

  #written({ kind, name, arguments: declared }, values, result) {
    if (kind === 'prefix') return ['(', name, ' ', values[0], ')'];
    if (kind === 'infix') return ['(', values[0], ` ${name} `, values[1], ')'];
    if (kind === 'cast') return ['CAST(', values[0], ` AS ${sqlName(result)})`];
    const syntax = SYNTAX[name];
    const isText = declared[0]?.type !== 'bytea';
    if (syntax && (ONLY_SYNTAX.has(name) || (isText && this.#random.percent(40)))) return ['(', ...syntax(values), ')'];
    return [`${name}(`, ...joined(values), ')'];
  }

  /** What every type has: casts, CASE, COALESCE and the like. */
  #generic(type, depth) {
    const random = this.#random;
    const part = (other = type) => this.of(other, depth - 1);
    /** A value of a type that becomes this one beside a value of this type. */
    const near = () => (random.percent(40) ? part(random.of([type, ...narrower(type)])) : part());
    const of = node(type);
    const ways = [
      () => of`CASE WHEN ${part('bool')} THEN ${near()} ELSE ${part()} END`,
      () => of`CASE WHEN ${part('bool')} THEN ${part()} WHEN ${part('bool')} THEN ${near()} ELSE ${near()} END`,
      () => of`COALESCE(${near()}, ${part()})`,
      () => of`CAST(${part(random.percent(10) ? random.of(ELEMENTS) : this.#castable(type))} AS ${sqlName(type)})`,
      () => of`CAST(CAST(${quoted(textOf(random, type))} AS TEXT) AS ${sqlName(type)})`,
      () => of`(SELECT ${part()})`,
      () => of`CASE ${part('int4')} WHEN 1 THEN ${part()} WHEN 2 THEN ${part()} END`,
    ];
    if (!type.startsWith('json')) {
      ways.push(
        () => of`NULLIF(${part()}, ${near()})`,
        () => of`GREATEST(${near()}, ${part()})`,
        () => of`LEAST(${part()}, ${near()}, ${part()})`,
      );
    }
    if (ELEMENTS.includes(type)) ways.push(() => of`(${part(`${type}[]`)})[${random.of(['1', '2', '0'])}]`);
    return random.of(ways)();
  }

  /** A type from which there is a cast to the type. */
  #castable(type) {
    const list = [type, ...(CASTS[type] ?? [])];
    return this.#random.of(list);
  }

  #array(type, depth) {
    const element = elementOf(type);
    const items = Array.from({ length: 1 + this.#random.below(3) }, () => this.of(element, depth - 1));
    const built = new Node(type, ['ARRAY[', ...joined(items), ']']);
    return this.#random.percent(80) ? built : node(type)`(${built})[1:2]`;
  }

  #condition(depth) {
    const random = this.#random;
    const type = this.comparedType();
    const side = () => this.argument(type, depth - 1);
    const truth = () => this.of('bool', depth - 1);
    const of = node('bool');
    const ways = [
      () => of`(${side()} ${random.of(['=', '<>', '<', '>', '<=', '>='])} ${side()})`,
      () => of`(${truth()} AND ${truth()})`,
      () => of`(${truth()} OR ${truth()})`,
      () => of`(NOT ${truth()})`,
      () => of`(${side()} IS ${random.of(['', 'NOT '])}NULL)`,
      () => of`(${side()} IS ${random.of(['', 'NOT '])}DISTINCT FROM ${side()})`,
      () => of`(${side()} ${random.of(['', 'NOT '])}BETWEEN ${side()} AND ${side()})`,
      () => of`(${side()} ${random.of(['', 'NOT '])}IN (${side()}, ${side()}))`,
      () =>
        of`((${side()}, ${this.of('int4', 0)}) ${random.of(['', 'NOT '])}IN ((${side()}, ${this.of('int4', 0)}), (${side()}, 1)))`,
      () => of`(${this.of('text', depth - 1)} LIKE ${random.of(["'a!%'", "'!_b%'", "'%!!'"])} ESCAPE '!')`,
      () =>
        of`(${this.of('text', depth - 1)} ${random.of(['LIKE', 'ILIKE', 'NOT LIKE'])} ${random.of(["'a%'", "'%b_'", "'%'", "''", "'A\\%'", "'_b%'"])})`,
      () =>
        of`(${this.of('text', depth - 1)} ${random.of(['', 'NOT '])}SIMILAR TO ${random.of(["'a%'", "'(a|b)+%'", "'[a-c]*'", "'_%'"])})`,
      () => of`(${truth()} IS ${random.of(['TRUE', 'NOT TRUE', 'FALSE', 'UNKNOWN', 'NOT UNKNOWN'])})`,
      () =>
        of`(ROW(${side()}, ${this.of('int4', 0)}) ${random.of(['=', '<', '>='])} ROW(${side()}, ${this.of('int4', 0)}))`,
    ];
    // An array of arrays is one of single values to ANY and ALL.
    if (!isArray(type)) {
      ways.push(
        () => of`(${side()} = ANY (ARRAY[${side()}, ${side()}]))`,
        () => of`(${side()} ${random.of(['<', '<>', '>='])} ALL (ARRAY[${side()}, ${side()}]))`,
      );
    }
    return random.of(ways)();
  }

  /** A cast between any two types. */
  cast(depth) {
    const random = this.#random;
    const from = random.percent(20) ? this.anyType() : random.of(SCALARS);
    const form = random.below(CAST_FORMS.length * 4);
    const to =
      FORM_TYPES[form] ?? (isArray(from) && random.percent(60) ? `${random.of(ELEMENTS)}[]` : random.of(SCALARS));
    const name = CAST_FORMS[form] ?? sqlName(to);
    return random.percent(70)
      ? node(to)`CAST(${this.argument(from, depth)} AS ${name})`
      : node(to)`(${this.argument(from, depth)})::${name}`;
  }
}

module.exports = { COMPARED, ELEMENTS, Expressions };
