'use strict';

// Expressions of one statement: Sequelize's methods (`literal`, `fn`, `col`, `cast`, `json`, `where`) and values, which
// are bound or written into the statement.

const { isPlainObject } = require('../../driver/plain-object');
const { bindTypeOf } = require('./bind-types');
const json = require('./json');

module.exports = (lib) => {
  const { Utils, logger } = lib;
  const { SequelizeMethod } = Utils;
  const { typed } = require('./values')(lib);

  /**
   * Writes expressions and collects the values that they bind. Subclasses add conditions: arguments of functions can
   * be conditions too, so `where`, `whereMethod` and `jsonMethod` are called here and defined there.
   */
  return class Expressions {
    constructor(generator) {
      this.generator = generator;
      /** The bound values in their wire form. */
      this.values = [];
      /**
       * True while values are written into the statement instead of bound. This is so for arguments of functions and
       * casts, and for expressions that are selected, grouped or ordered by: PostgreSQL treats `date_trunc($1, x)` in a
       * select list and `date_trunc($2, x)` in `GROUP BY` as different expressions, and cannot infer the types of the
       * arguments of many functions.
       */
      this.isInlined = false;
      /**
       * True when a value must be a parameter, so that the statement cannot run as a find call, whose condition is a
       * text with literals.
       */
      this.needsParameters = false;
    }

    /** A value of an attribute, or a value of no attribute, which may be a method. */
    value(value, field) {
      if (value instanceof SequelizeMethod) return this.expression(value);
      return this.bound(typed(this.generator, value, field));
    }

    /** @param wire a value in its wire form */
    bound(wire) {
      if (wire === null) return json.NULL;
      if (this.isInlined) return json.constant(this.generator.inZone(wire));
      return json.bound(this.values.push(wire) - 1, bindTypeOf(wire));
    }

    /** Calls `write` while every value is inlined. */
    inlined(write) {
      const before = this.isInlined;
      this.isInlined = true;
      const text = write();
      this.isInlined = before;
      return text;
    }

    /** A method in a place where values are inlined. */
    constantExpression(method) {
      return this.inlined(() => this.expression(method));
    }

    expression(method, context) {
      if (method instanceof Utils.Literal) return json.literal(String(method.val));
      if (method instanceof Utils.Fn) {
        return this.inlined(() =>
          json.call(
            method.fn,
            method.args.map((arg) => this.argument(arg, context)),
          ),
        );
      }
      if (method instanceof Utils.Col) return this.column(method.col);
      if (method instanceof Utils.Cast) {
        return this.inlined(() => json.cast(this.argument(method.val, context), method.type));
      }
      if (method instanceof Utils.Json) return this.jsonMethod(method);
      if (method instanceof Utils.Where) return this.whereMethod(method, context);
      throw new Error(`Invalid value ${logger.inspect(method)}`);
    }

    argument(value, context) {
      if (value instanceof SequelizeMethod) return this.expression(value, context);
      if (isPlainObject(value)) return this.where(value) ?? json.NULL;
      if (Array.isArray(value)) return json.arrayOf(value.map((item) => this.argument(item, context)));
      return this.value(value);
    }

    column(name) {
      if (Array.isArray(name)) {
        throw new Error('Cannot call Sequelize.col() with array outside of order / group clause');
      }
      return name.startsWith('*') ? json.STAR : json.dottedPath(name);
    }
  };
};
