'use strict';

// The rows of a `bulkCreate`: the values of each record as its instance will have them. Records mostly have the same names,
// which decide everything else: which defaults they take, which values are written, and in which order. The instance itself
// is made when the row is written. A record of another kind has an instance that Sequelize's `build` makes.

const { objectMaker } = require('../../driver/row-objects.js');
const { isPlain } = require('./conditions.js');
const { areNames } = require('./values.js');

module.exports = (lib) => {
  const { DIALECT_NAME, DataTypes, Utils, instanceClassOf } = lib;
  const { cloneDeep } = lib.lodash;
  const { BOOLEAN, DATE } = DataTypes;
  const { DATEONLY } = DataTypes[DIALECT_NAME];
  /** What data types make of a value without a look at the rest of the instance. */
  const SANITIZERS = new Set([BOOLEAN, DATE, DATEONLY].map((type) => type.prototype._sanitize));
  /** How data types compare, for which a value is a change where there was none. */
  const COMPARISONS = new Set([DATE, DATEONLY].map((type) => type.prototype._isChanged));

  /** True when the names of a model's attributes and their types decide what becomes of a value. */
  function isKnown({ prototype, rawAttributes, _dataTypeSanitizers, _dataTypeChanges }) {
    return (
      !(prototype._hasCustomSetters > 0) &&
      !Object.hasOwn(rawAttributes, '__proto__') &&
      Object.values(_dataTypeSanitizers).every((sanitize) => SANITIZERS.has(sanitize)) &&
      Object.values(_dataTypeChanges).every((isChanged) => COMPARISONS.has(isChanged))
    );
  }

  const areSame = (names, others) => names.length === others.length && names.every((name, i) => name === others[i]);
  const isMethod = (value) => typeof value === 'object' && value instanceof Utils.SequelizeMethod;

  /** What rows have in common whose records have the same names. */
  class Shape {
    constructor(Model, names, count) {
      const { rawAttributes, primaryKeyAttributes, _defaultValues: makers, _timestampAttributes: times } = Model;
      const given = names.filter((name) => Object.hasOwn(rawAttributes, name));
      const defaults = Object.keys(makers).filter((name) => !given.includes(name));
      const keys = primaryKeyAttributes.filter((name) => !given.includes(name) && !Object.hasOwn(makers, name));
      const own = [...defaults, ...keys, ...given];
      const timestamps = [times.createdAt, times.updatedAt].filter((name) => name);
      Object.assign(this, { Model, names, given, count });
      /** False where Sequelize sets the values in an order of its own. */
      this.isUsual = areNames(names) && !Object.values(times).some((name) => Object.hasOwn(makers, name));
      this.sanitizers = given.map((name) => Model._dataTypeSanitizers[name]);
      this.defaults = defaults.map((name) => ({ make: makers[name], sanitize: Model._dataTypeSanitizers[name] }));
      this.keyCount = keys.length;
      this.missingTimes = timestamps.filter((name) => !given.includes(name));
      /** The places of the times that a record gives itself. */
      this.timePlaces = timestamps.filter((name) => given.includes(name)).map((name) => own.indexOf(name));
      this.columns = [...own, ...this.missingTimes];
      this.makeDataValues = objectMaker(this.columns, [...this.columns.keys()], count);
      // Sequelize notes the values that were set, and adds the others when the row is written.
      const previous = [...new Set([...given, ...Object.keys(rawAttributes)])];
      this.makePrevious = objectMaker(previous, previous, count);
    }

    /** The values of a record in their order. Undefined when one of them is not as the names say. */
    cells(values, { setOptions, now }) {
      const { dialect } = this.Model.sequelize.options;
      const cells = new Array(this.columns.length);
      const first = this.defaults.length + this.keyCount;
      for (let i = 0; i < this.given.length; i++) {
        const value = sanitized(values[this.given[i]], this.sanitizers[i], setOptions);
        if (value === undefined) return undefined;
        cells[first + i] = value;
      }
      for (const place of this.timePlaces) if (!cells[place]) return undefined;
      for (let i = 0; i < this.defaults.length; i++) {
        const { make, sanitize } = this.defaults[i];
        const made = make();
        cells[i] = sanitized(Utils.toDefaultValue(isShared(made) ? cloneDeep(made) : made, dialect), sanitize, RAW);
      }
      cells.fill(null, this.defaults.length, first);
      cells.fill(now, first + this.given.length);
      return cells;
    }

    /** The values of a row that are written, by the names of their columns. */
    record(cells, fields) {
      // A row without a default has the same columns as the others.
      if (cells.includes(undefined)) return Utils.mapValueFieldNames(this.makeDataValues(cells), fields, this.Model);
      if (this.fieldCount !== fields.length) {
        const { rawAttributes, _virtualAttributes: virtual } = this.Model;
        const written = fields.filter((name) => this.columns.includes(name) && !virtual.has(name));
        const places = written.map((name) => this.columns.indexOf(name));
        const columns = written.map((name) => rawAttributes[name]?.field || name);
        this.makeRecord = objectMaker(columns, places, this.count);
        this.fieldCount = fields.length;
      }
      return this.makeRecord(cells);
    }
  }

  const RAW = { raw: true };
  const isShared = (value) => typeof value === 'object' && value !== null && !isMethod(value);
  const sanitized = (value, sanitize, options) =>
    sanitize === undefined || isMethod(value) ? value : sanitize.call(undefined, value, options);

  /** A row whose instance is yet to be made. */
  class NewRow {
    constructor(rows, shape, dataValues) {
      this.rows = rows;
      this.shape = shape;
      this.dataValues = dataValues;
    }

    get(name) {
      const { prototype } = this.rows.Model;
      return Object.hasOwn(prototype._customGetters, name) ? this.instance().get(name) : this.dataValues[name];
    }

    instance() {
      const { Instance, Model } = this.rows;
      const { _schema, _schemaDelimiter } = Model;
      const options = { isNewRecord: true, _schema, _schemaDelimiter, include: undefined };
      return new Instance(this.dataValues, this.shape.makePrevious(this.dataValues), options);
    }
  }

  /** A row with an instance that Sequelize has built. */
  class BuiltRow {
    constructor(instance) {
      this.built = instance;
      this.dataValues = instance.dataValues;
    }

    get(name) {
      return this.built.get(name);
    }

    instance() {
      const { built } = this;
      for (const name of Object.keys(built.constructor.rawAttributes)) {
        built._previousDataValues[name] = built.dataValues[name];
        built.changed(name, false);
      }
      built.isNewRecord = false;
      return built;
    }
  }

  return class NewRows {
    /**
     * @param {Function} Model
     * @param {string[]} fields the attributes that are written; the times that rows do not have are added
     * @param {Date} now
     * @param {number} count of the rows
     */
    constructor(Model, fields, now, count) {
      Object.assign(this, { Model, fields, now, count });
      this.Instance = isKnown(Model) ? instanceClassOf(Model) : undefined;
      const { _schema, _schemaDelimiter } = Model;
      this.setOptions = { isNewRecord: true, _schema, _schemaDelimiter, include: undefined };
      this.shape = undefined;
      this.made = [];
      this.written = [];
    }

    /** Adds the row of a record to `made`, and the values of it that are written, by their columns, to `written`. */
    add(values) {
      const shape = this.Instance && isPlain(values) ? this.shapeOf(Object.keys(values)) : undefined;
      const cells = shape?.isUsual ? shape.cells(values, this) : undefined;
      if (cells === undefined) {
        this.addBuilt(this.Model.build(values, { isNewRecord: true, include: undefined }));
        return;
      }
      for (const name of shape.missingTimes) this.addField(name);
      this.made.push(new NewRow(this, shape, shape.makeDataValues(cells)));
      this.written.push(shape.record(cells, this.fields));
    }

    /** Adds an instance that Sequelize has built. */
    addBuilt(instance) {
      const { Model, fields } = this;
      const { dataValues } = instance;
      const { createdAt, updatedAt } = Model._timestampAttributes;
      for (const name of [createdAt, updatedAt]) {
        if (!name || dataValues[name]) continue;
        dataValues[name] = this.now;
        this.addField(name);
      }
      this.made.push(new BuiltRow(instance));
      this.written.push(Utils.mapValueFieldNames(dataValues, fields, Model));
    }

    addField(name) {
      if (!this.fields.includes(name)) this.fields.push(name);
    }

    shapeOf(names) {
      const { shape } = this;
      if (shape !== undefined && areSame(names, shape.names)) return shape;
      this.shape = new Shape(this.Model, names, this.count);
      return this.shape;
    }
  };
};
