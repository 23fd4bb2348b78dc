// `where` from its description, for one side of the comparison. The sides differ only where docs/compatibility.md says
// that the dialects do: LIKE minds case here and not in SQLite, so a call has patterns of one kind. The other side has
// LIKE mind case with a PRAGMA for those that do, and LIKE instead of ILIKE for those that do not.

const { Op, Sequelize } = require('sequelize');

const { TYPES, TEXTS } = require('./values');

const { fn, literal } = Sequelize;

const EQUAL = ['eq', 'ne', 'in', 'notIn', 'not', 'is'];
const ORDERED = [...EQUAL, 'gt', 'gte', 'lt', 'lte', 'between', 'notBetween'];
const PATTERNS = ['like', 'notLike', 'startsWith', 'endsWith', 'substring'];
const REGEXPS = ['regexp', 'notRegexp', 'iRegexp', 'notIRegexp'];
const NUMBER_QUANTIFIERS = ['anySelect', 'allSelect'];
const TEXT_QUANTIFIERS = ['anyValues', 'likeAny', 'likeAll'];
const COMPARISONS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];
const WITHOUT_CASE = { like: 'iLike', notLike: 'notILike' };
const EXPRESSIONS = ['^a', 'b$', '[A-Z]', 'a.b', "it's", '^$', 'a|2', '(a|b)+', '\\d', '\\$1', '[^a-z]{2}', 'é'];

/** The places in a document that conditions look at, with values that fit them. */
const PATHS = [
  { path: ['n'], values: [1, 2.5, -1, 0], ops: ['eq', 'gt', 'lte', 'ne', 'in', 'between'] },
  { path: ['s'], values: ['a', "it's", '', 'é', 'A "q" \\'], ops: ['eq', 'ne', 'in', 'gt'] },
  { path: ['b'], values: [true, false], ops: ['eq'] },
  { path: ['o', 'k'], values: ['x', 'y'], ops: ['eq', 'ne', 'in'] },
  { path: ['o', 'n'], values: [0, 2], ops: ['eq', 'gte', 'lt'] },
  { path: ['l', '0'], values: [1, 5], ops: ['eq', 'gt', 'ne'] },
];

const pick = (list, index) => list[index % list.length];

/** The same operators by their names of `operatorsAliases`. */
function aliased(operators) {
  const named = (symbol) => (typeof symbol === 'symbol' ? `$${symbol.description}` : symbol);
  return Object.fromEntries(Reflect.ownKeys(operators).map((key) => [named(key), operators[key]]));
}

class Conditions {
  /**
   * @param {import('./attributes').Attributes} attributes of the models
   * @param {object} side how things are spelled there
   * @param {(what: string) => boolean} can whether both sides can do it
   */
  constructor(attributes, side, can) {
    this.attributes = attributes;
    this.side = side;
    this.can = can;
  }

  /** @returns a where option: an object or a method of Sequelize */
  where(node, context) {
    switch (node.kind) {
      case 'compare':
        return this.compare(node, context);
      case 'operations':
        return this.operations(node, context);
      case 'shorthand':
        return this.shorthand(node, context);
      case 'columns':
        return this.columns(node, context);
      case 'function':
        return this.functions(node, context);
      case 'key':
        return { id: this.operation('integer', node.operation, context) };
      case 'sub-query':
        return this.subQuery(node);
      default:
        return this.group(node, context);
    }
  }

  compare({ attribute, operation }, context) {
    const { name, typeName } = this.attributes.at(context.model, attribute);
    if (TYPES[typeName].json) return this.document(name, operation);
    return { [name]: this.operation(typeName, operation, context) };
  }

  operations({ attribute, glue, operations }, context) {
    const { name, typeName } = this.attributes.at(context.model, attribute);
    if (TYPES[typeName].json) return this.document(name, operations[0]);
    const all = operations.map((operation) => this.operation(typeName, operation, context));
    if (glue === 'or' || glue === 'and') return { [name]: { [Op[glue]]: all } };
    const merged = Object.assign({}, ...all);
    if (glue !== 'not') return { [name]: merged };
    // Sequelize's own takes an object of operators under Op.not for a value.
    const negated = this.side.negatesObjects ? { [name]: { [Op.not]: merged } } : { [Op.not]: { [name]: merged } };
    return { [Op.and]: [negated] };
  }

  shorthand({ attribute, values, isList }, context) {
    const { name, typeName } = this.attributes.at(context.model, attribute);
    if (TYPES[typeName].json) return { [name]: { n: 1 } };
    const list = values.map((value) => this.attributes.value(typeName, value));
    return { [name]: isList ? list : (list[0] ?? null) };
  }

  columns({ attribute, other, op }, context) {
    const left = this.attributes.at(context.model, attribute);
    const right = this.attributes.at(context.model, other);
    if (TYPES[left.typeName] !== TYPES[right.typeName] || TYPES[left.typeName].json) return {};
    return { [left.name]: { [Op[pick(COMPARISONS, op)]]: this.attributes.column(context, right.name) } };
  }

  functions({ attribute, op, values }, context) {
    const { name, typeName } = this.attributes.at(context.model, attribute);
    const column = this.attributes.column(context, name);
    const comparator = Op[pick(COMPARISONS, op)];
    if (TYPES[typeName].text) return Sequelize.where(fn('length', column), comparator, values.length);
    if (TYPES[typeName].number) {
      return Sequelize.where(fn('abs', column), { [comparator]: this.attributes.value(typeName, values[0] ?? 0) });
    }
    return Sequelize.where(fn('coalesce', column, column), Op.not, null);
  }

  /** Rows whose key is one that a select finds, whose text the query generator was asked for. */
  subQuery({ of, isNegated }) {
    const model = this.attributes.models[pick(['Author', 'Book', 'Tag'], of)];
    const generator = model.sequelize.getQueryInterface().queryGenerator;
    const where = { id: { [Op.or]: [{ [Op.gt]: of % 4 }, 1] } };
    const select = generator.selectQuery(model.getTableName(), { attributes: ['id'], where }, model);
    return { id: { [isNegated ? Op.notIn : Op.in]: literal(`(${select.replace(/;$/, '')})`) } };
  }

  group({ glue, shape, items }, context) {
    const nodes = items.map((item) => this.where(item, context));
    const plain = nodes.filter((node) => !(node instanceof Sequelize.Utils.SequelizeMethod));
    return { [Op[glue]]: shape === 'array' ? nodes : Object.assign({}, ...plain) };
  }

  /** `{ [Op.gt]: 5 }` */
  operation(typeName, operation, context) {
    const operators = this.operators(typeName, operation, context);
    return operation.isAliased ? aliased(operators) : operators;
  }

  names(type) {
    if (!type.ordered) return EQUAL;
    const quantifiers = this.can('quantifiers') ? [NUMBER_QUANTIFIERS, TEXT_QUANTIFIERS] : [[], []];
    if (type.text) return [...ORDERED, ...PATTERNS, ...(this.can('regexp') ? REGEXPS : []), ...quantifiers[1]];
    return type.number ? [...ORDERED, ...quantifiers[0]] : ORDERED;
  }

  operators(typeName, { op, values }, context) {
    const type = TYPES[typeName];
    const name = pick(this.names(type), op);
    const list = values.map((value) => this.attributes.value(typeName, value));
    const some = list.filter((value) => value !== null);
    switch (name) {
      case 'in':
      case 'notIn':
        return { [Op[name]]: list };
      case 'between':
      case 'notBetween':
        return {
          [Op[name]]: [some[0] ?? this.attributes.value(typeName, 0), some[1] ?? this.attributes.value(typeName, 2)],
        };
      case 'is':
        return { [Op.is]: null };
      case 'not':
        return { [Op.not]: typeName === 'boolean' ? (list[0] ?? null) : null };
      case 'eq':
      case 'ne':
        return { [Op[name]]: list[0] ?? null };
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte':
        return { [Op[name]]: some[0] ?? this.attributes.value(typeName, 1) };
      default:
        return this.special(name, some, typeName, op, context);
    }
  }

  special(name, some, typeName, op, context) {
    if (PATTERNS.includes(name)) return this.pattern(name, some[0] ?? 'a', context);
    if (REGEXPS.includes(name)) return { [Op[name]]: pick(EXPRESSIONS, op + some.length) };
    const list = some.length > 0 ? some : [this.attributes.value(typeName, 1)];
    const patterns = list.map((text) => `${String(text).replaceAll('\\', '')}%`);
    if (name === 'likeAny') return { [Op.like]: { [Op.any]: patterns } };
    if (name === 'likeAll') return { [Op.notLike]: { [Op.all]: patterns } };
    const comparator = Op[pick(COMPARISONS, op + some.length)];
    if (name === 'anySelect') return { [comparator]: { [Op.any]: literal('SELECT 1 UNION SELECT 5') } };
    if (name === 'allSelect') return { [comparator]: { [Op.all]: literal('SELECT 0 UNION SELECT 3') } };
    return { [Op.any]: { [Op.values]: list } };
  }

  /** A backslash escapes in a pattern here, as in PostgreSQL, and is a character in SQLite. */
  pattern(name, value, { mindsCase }) {
    if (!mindsCase && !WITHOUT_CASE[name]) name = 'like';
    const isKnown = mindsCase || TEXTS.includes(value);
    const text = this.can('escapes')
      ? String(isKnown ? value : 'a')
      : String(isKnown ? value : 'a').replaceAll('\\', '');
    const operator = this.side.ilike && !mindsCase ? WITHOUT_CASE[name] : name;
    return { [Op[operator]]: name === 'like' || name === 'notLike' ? `${text}%` : text };
  }

  /** A condition on a JSON attribute. */
  document(name, { op, values }) {
    const { path, values: fitting, ops } = pick(PATHS, op);
    const operator = pick(ops, values.length);
    const list = values.map((value) => pick(fitting, typeof value === 'number' ? value : 0));
    const first = list[0] ?? null;
    let condition;
    if (first === null) condition = values.length % 2 ? null : { [Op.ne]: null };
    else if (operator === 'in') condition = { [Op.in]: list };
    else if (operator === 'between') condition = { [Op.between]: [first, list[1] ?? first] };
    else condition = operator === 'eq' ? first : { [Op[operator]]: first };
    // Sequelize's own makes an array of a number in a dotted path.
    if (op % 2 && !path.includes('0')) return { [`${name}.${path.join('.')}`]: condition };
    return { [name]: path.reduceRight((inner, step) => ({ [step]: inner }), condition) };
  }
}

module.exports = { Conditions, pick };
