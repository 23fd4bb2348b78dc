'use strict';

// `DataTypes.phantomdb`: the name of each Sequelize type in PhantomDB SQL, and the form of its values on the wire.
// `stringify` returns a JSON scalar or `{type, value}`, and `bindParam` passes it on.

const { types: nodeTypes } = require('util');

const { toJson } = require('../driver/json.js');
const { types: typeTable } = require('../driver/type-table.js');
const { blob, timestamp } = require('../driver/values.js');
const { escapeValue } = require('./escape.js');

const DOCS = 'docs/types.md of the package phantomdb-sequelize';

/** What to use instead of a type that PhantomDB does not have. */
const REFUSED = {
  GEOMETRY: 'JSON with a GeoJSON document',
  GEOGRAPHY: 'JSON with a GeoJSON document',
  HSTORE: 'JSON',
  RANGE: 'two columns, one for each end',
  TSVECTOR: 'TEXT',
  CIDR: 'STRING',
  INET: 'STRING',
  MACADDR: 'STRING',
};

/** The keys of Sequelize that have a PhantomDB type, and those without a column of their own. Custom parsers are found by them. */
const KEYS = [...typeTable.flatMap((type) => type.sequelize), 'ARRAY', 'NOW', 'VIRTUAL'];

const INTEGER_TEXT = /^[+-]?\d+$/;
const DECIMAL_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DATE_TEXT = /^\d{4}-\d\d-\d\d$/;
const NON_FINITE = { nan: 'NaN', infinity: 'Infinity', '-infinity': '-Infinity' };

const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysOf(month, year) {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : DAYS_OF_MONTHS[month - 1];
}

/** True for a day of the calendar as `2024-02-29`. */
function isDay(value) {
  if (typeof value !== 'string' || !DATE_TEXT.test(value)) return false;
  const [year, month, day] = [Number(value.slice(0, 4)), Number(value.slice(5, 7)), Number(value.slice(8))];
  return day >= 1 && day <= daysOf(month, year);
}

/**
 * @param {object} lib of a copy of Sequelize
 * @returns the types by key, as `DataTypes.phantomdb`
 */
function dataTypes(lib) {
  // Sequelize exports its types wrapped, to be called without `new`; a class must extend what is inside.
  const Base = Object.fromEntries(
    Object.entries(lib.DataTypes)
      .filter(([, type]) => typeof type === 'function')
      .map(([key, type]) => [key, type.prototype.constructor]),
  );
  const warn = Base.ABSTRACT.warn.bind(undefined, DOCS);
  const types = {
    ...textTypes(Base, warn),
    ...integerTypes(Base, warn),
    ...realTypes(Base, warn),
    ...timeTypes(Base, lib),
    ...otherTypes(Base, warn),
    ARRAY: arrayType(Base),
    ...refusedTypes(Base),
  };
  addPlainTypes(Base, types);
  for (const key of KEYS) {
    Base[key].types.phantomdb = [Base[key].key];
  }
  for (const [key, type] of Object.entries(types)) {
    type.key = type.prototype.key = key;
    Object.defineProperty(type, 'name', { value: key });
    types[key] = lib.classToInvokable(type);
  }
  return types;
}

/** Turns a number into text, as an assignment would, and returns any other value as it is. */
function text(value) {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
}

function textTypes(Base, warn) {
  /** Adds BINARY to STRING and CHAR: bytes are a BLOB. */
  const binary = (Type, name) =>
    class extends Type {
      toSql() {
        return this._binary ? 'BLOB' : `${name}(${this._length})`;
      }
      _stringify(value) {
        if (!this._binary) {
          return Buffer.isBuffer(value) ? value.toString() : text(value);
        }
        return typeof value === 'string' || ArrayBuffer.isView(value) ? bytes(value) : value;
      }
    };
  return {
    STRING: binary(Base.STRING, 'VARCHAR'),
    CHAR: binary(Base.CHAR, 'CHAR'),
    TEXT: class extends Base.TEXT {
      toSql() {
        if (this._length) {
          warn('PhantomDB does not support TEXT with options. Plain `TEXT` will be used instead.');
          this._length = undefined;
        }
        return 'TEXT';
      }
      _stringify(value) {
        return text(value);
      }
    },
  };
}

/** Adds the types of the table that need nothing of their own: their values are text. */
function addPlainTypes(Base, types) {
  for (const { name, sequelize } of typeTable) {
    for (const { key } of sequelize.map((own) => Base[own])) {
      types[key] ??= class extends Base[key] {
        toSql() {
          return name;
        }
        _stringify(value) {
          return text(value);
        }
      };
    }
  }
}

/**
 * The text of an object that represents a number, such as a decimal of some library, as Sequelize's own types take it from
 * `toString`. Any other value is returned as it is, to be refused later.
 */
function writtenNumber(value) {
  if (typeof value !== 'object' || typeof value?.toString !== 'function') return value;
  const written = value.toString();
  return DECIMAL_TEXT.test(written) ? written : value;
}

function integerTypes(Base, warn) {
  const integer = (Type) =>
    class extends Type {
      constructor(...args) {
        super(...args);
        if (this._unsigned || this._zerofill) {
          warn(
            `PhantomDB does not support '${this.key}' with UNSIGNED or ZEROFILL. ` +
              `Plain '${this.key}' will be used instead.`,
          );
          this._unsigned = undefined;
          this._zerofill = undefined;
        }
      }
      toSql() {
        return this.key;
      }
      _stringify(given) {
        const value = writtenNumber(given);
        if (typeof value === 'bigint' || (typeof value === 'string' && INTEGER_TEXT.test(value.trim()))) {
          const number = Number(value);
          return Number.isSafeInteger(number) ? number : { type: 'integer', value: String(value).trim() };
        }
        return value;
      }
    };
  return Object.fromEntries(
    ['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INTEGER', 'BIGINT'].map((key) => [key, integer(Base[key])]),
  );
}

function realTypes(Base, warn) {
  const real = (Type) =>
    class extends Type {
      constructor(...args) {
        super(...args);
        if (this._unsigned || this._zerofill || typeof this._decimals === 'number') {
          warn(
            `PhantomDB does not support '${this.key}' with decimals, UNSIGNED or ZEROFILL. ` +
              `Plain '${this.key}' will be used instead.`,
          );
          this._decimals = undefined;
          this._unsigned = undefined;
          this._zerofill = undefined;
        }
      }
      toSql() {
        return this.key;
      }
      _stringify(given) {
        const value = writtenNumber(given);
        if (typeof value === 'number' && !Number.isFinite(value)) {
          return { type: 'float', value: String(value) };
        }
        if (typeof value !== 'string') {
          return typeof value === 'bigint' ? Number(value) : value;
        }
        const nonFinite = NON_FINITE[value.toLowerCase()];
        if (nonFinite) {
          return { type: 'float', value: nonFinite };
        }
        return DECIMAL_TEXT.test(value) ? Number(value) : value;
      }
      _bindParam(value, options) {
        return options.bindParam(this.stringify(value, options));
      }
    };
  return {
    FLOAT: real(Base.FLOAT),
    REAL: real(Base.REAL),
    'DOUBLE PRECISION': real(Base.DOUBLE),
    DECIMAL: class extends Base.DECIMAL {
      _stringify(value) {
        const digits = String(value).trim();
        return DECIMAL_TEXT.test(digits) ? { type: 'decimal', value: digits } : value;
      }
    },
  };
}

function timeTypes(Base, { moment, errors }) {
  const refuse = (value, what) => {
    throw new errors.ValidationError(`${JSON.stringify(value) ?? String(value)} is not a valid ${what}`);
  };
  return {
    DATE: class extends Base.DATE {
      toSql() {
        const decimals = this.options?.length ?? '';
        return decimals === '' ? 'TIMESTAMP' : `TIMESTAMP(${decimals})`;
      }
      _stringify(value, options) {
        if (options?.acceptStrings && typeof value === 'string') {
          return value;
        }
        const date = nodeTypes.isDate(value) ? value : moment(value).toDate();
        return Number.isNaN(date.getTime()) ? refuse(String(value), 'date') : timestamp(date);
      }
    },
    DATEONLY: class extends Base.DATEONLY {
      _stringify(value, options) {
        if (options?.acceptStrings && typeof value === 'string') {
          return value;
        }
        if (isDay(value)) return { type: 'date', value };
        const day = super._stringify(value);
        return isDay(day) ? { type: 'date', value: day } : refuse(String(value), 'date');
      }
      /** As Sequelize's own, which has moment parse and write every day of a new instance. */
      _sanitize(value, options) {
        return isDay(value) ? value : super._sanitize(value, options);
      }
    },
    TIME: class extends Base.TIME {
      _stringify(value, options) {
        if (typeof value === 'string') {
          return options?.acceptStrings ? value : { type: 'time', value };
        }
        return { type: 'time', value: moment(value).format('HH:mm:ss.SSS') };
      }
    },
  };
}

function otherTypes(Base, warn) {
  const uuid = (Type) =>
    class extends Type {
      toSql() {
        return 'UUID';
      }
      _stringify(value) {
        return UUID_TEXT.test(value) ? { type: 'uuid', value: value.toLowerCase() } : value;
      }
    };
  const json = (Type) =>
    class extends Type {
      _stringify(value) {
        return { type: 'json', value: toJson(value) ?? 'null' };
      }
    };
  return {
    UUID: uuid(Base.UUID),
    UUIDV1: uuid(Base.UUIDV1),
    UUIDV4: uuid(Base.UUIDV4),
    JSON: json(Base.JSON),
    JSONB: json(Base.JSONB),
    BOOLEAN: class extends Base.BOOLEAN {
      toSql() {
        return 'BOOLEAN';
      }
      _stringify(value) {
        return this._sanitize(value);
      }
    },
    ENUM: class extends Base.ENUM {
      toSql() {
        return `ENUM(${this.values.map((value) => escapeValue(String(value))).join(',')})`;
      }
      _stringify(value) {
        return text(value);
      }
    },
    BLOB: class extends Base.BLOB {
      toSql() {
        if (this._length) {
          warn('PhantomDB does not support BLOB with options. Plain `BLOB` will be used instead.');
          this._length = undefined;
        }
        return 'BLOB';
      }
      _stringify(value) {
        return bytes(value);
      }
      _bindParam(value, options) {
        return options.bindParam(this.stringify(value, options));
      }
    },
  };
}

/** An array travels as text in PostgreSQL's notation, `{1,"a b",NULL}`, which both engines read. */
function arrayType(Base) {
  const isDocument = (type) => type instanceof Base.JSON;
  const quoted = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;
  const notation = (values, type, options) => `{${values.map((value) => elementText(value, type, options)).join(',')}}`;
  const elementText = (value, type, options) => {
    if (value === null || value === undefined) return 'NULL';
    // A further dimension.
    if (type instanceof Base.ARRAY) return notation(value, type.type, options);
    if (Array.isArray(value) && !isDocument(type)) return notation(value, type, options);
    const wire = typeof type?.stringify === 'function' ? type.stringify(value, options) : value;
    const written = typeof wire === 'object' && wire !== null && 'value' in wire ? wire.value : wire;
    return quoted(typeof written === 'object' ? toJson(written) : String(written));
  };
  return class extends Base.ARRAY {
    toSql(options) {
      return `${this.type.toSql(options)}[]`;
    }
    _stringify(values, options) {
      return Array.isArray(values) ? notation(values, this.type, options) : values;
    }
    // Sequelize's postgres dialect gives the class for all dialects a method that returns the elements.
    _bindParam(values, options) {
      return options.bindParam(this.stringify(values, options));
    }
  };
}

/** Bytes on the wire, from whatever Sequelize accepts as a BLOB. */
function bytes(value) {
  if (ArrayBuffer.isView(value)) {
    return blob(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  }
  return blob(Buffer.from(Array.isArray(value) ? value : String(value)));
}

/** Types that PhantomDB does not have. A model may name one, but a table cannot be made with it. */
function refusedTypes(Base) {
  const refused = (key, instead) =>
    class extends Base[key] {
      toSql(options) {
        const where = options?.attribute ? ` of attribute '${options.attribute}'` : '';
        throw new Error(`PhantomDB has no type ${key}${where}. Use ${instead} instead; see ${DOCS}`);
      }
    };
  return Object.fromEntries(
    Object.entries(REFUSED)
      .filter(([key]) => Base[key] && !KEYS.includes(key))
      .map(([key, instead]) => [key, refused(key, instead)]),
  );
}

module.exports = { dataTypes };
