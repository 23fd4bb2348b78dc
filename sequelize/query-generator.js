'use strict';

// What Sequelize and libraries ask of a query generator, answered by the translator. Statements that Sequelize itself
// runs have their values bound; text that a caller asks for has them inlined and escaped.

const COMPILED = require('./compiled');
const { translate } = require('./native');
const { placeUserBinds } = require('./user-parameters');
const { isPlainObject } = require('./flatten/values');
const { tableOf } = require('./flatten/tables');
const { givenValue } = require('./values');

module.exports = (lib) => {
  const { Utils, AbstractQueryGenerator, Op, errors, injectReplacements } = lib;
  const Conditions = require('./flatten/conditions')(lib);
  const SelectPlan = require('./flatten/select')(lib);
  const RowPlans = require('./flatten/rows')(lib);
  const values = require('./flatten/values')(lib);
  const schemaGenerator = require('./schema-generator')(lib);

  class QueryGenerator extends schemaGenerator(AbstractQueryGenerator) {
    constructor(options) {
      super(options);
      this.conditions = new Conditions(this);
      this.selects = new SelectPlan(this);
      this.rows = new RowPlans(this);
    }

    /**
     * Translates a plan with bound values, leaves the statement on `options`, and returns its text.
     * @param {'select'|'insert'|'update'|'delete'} kind
     */
    compile(kind, plan, options) {
      const { sql, parameters, find } = this.bindAll(kind, plan, options);
      // A log shows the values of what only reads or deletes, as Sequelize's own dialects do.
      const logged = (kind === 'select' || kind === 'delete') && this.showsValues(options);
      const text = logged ? this.replaceAll(this.text(kind, plan), options) : this.replaceAll(sql, options);
      const statement = logged ? this.replaceAll(sql, options) : text;
      options[COMPILED] = { sql: text, statement, parameters, find, table: plan.from?.[0].table };
      // They are in the statement now; Sequelize is not to look for more of them in it.
      delete options.replacements;
      delete options.bind;
      return text;
    }

    /** The statement with all its values bound: those of the user's own binds come first. */
    bindAll(kind, plan, { bind, replacements }) {
      if (!bind) return this.translate(kind, plan, false);
      if (replacements) throw new Error('Both `replacements` and `bind` cannot be set at the same time');
      const placed = placeUserBinds(plan, bind);
      const { sql, parameters } = this.translate(kind, placed.plan, false, placed.parameters.length);
      return { sql, parameters: `[${[...placed.parameters, parameters.slice(1, -1)].filter(Boolean).join(',')}]` };
    }

    /** Sequelize's own replacements, which leaves the strings of a statement alone. */
    replaceAll(sql, { replacements }) {
      return replacements ? injectReplacements(sql, this._dialect, replacements) : sql;
    }

    showsValues(options) {
      const parametersApart = options.logQueryParameters ?? this.options.logQueryParameters;
      return (options.logging ?? this.options.logging) && !parametersApart;
    }

    translate(kind, plan, inline, parametersBefore = 0) {
      try {
        return translate(kind, JSON.stringify(plan), inline, parametersBefore);
      } catch (error) {
        throw Object.assign(new errors.QueryError(error.message), { code: error.code });
      }
    }

    /** Translates a plan with inlined values. */
    text(kind, plan) {
      return this.translate(kind, plan, true).sql;
    }

    /** An expression or a condition as text. */
    expressionText(e, prefix) {
      return e ? this.text('expression', { e, prefix: this.prefixParts(prefix) }) : '';
    }

    /** A condition as text, in parentheses when it is several: its caller puts more beside it. */
    wholeCondition(e, prefix) {
      return e ? this.text('expression', { e: { whole: e }, prefix: this.prefixParts(prefix) }) : '';
    }

    /** A table name, an alias, or a literal that holds a quoted one. */
    prefixParts(prefix) {
      if (!prefix) return [];
      if (prefix instanceof Utils.Literal) {
        return [...String(prefix.val).matchAll(/"((?:[^"]|"")*)"|([^".]+)/g)].map(([, quoted, bare]) =>
          quoted === undefined ? bare : quoted.replaceAll('""', '"'),
        );
      }
      const { name, schema } = tableOf(prefix);
      return schema ? [schema, name] : [name];
    }

    selectQuery(tableName, options, model) {
      return `${this.text('select', this.selects.plan(tableName, options, model))};`;
    }

    /** A statement with its values: `{ query, bind }`. */
    bound(kind, plan) {
      const { sql, parameters } = this.translate(kind, plan, false);
      return { query: sql, bind: JSON.parse(parameters).map(givenValue) };
    }

    insertQuery(table, row, attributes, options = {}) {
      const plan = this.rows.insert(table, row, attributes, options);
      return options.bindParam === false ? { query: `${this.text('insert', plan)};` } : this.bound('insert', plan);
    }

    bulkInsertQuery(table, rows, options = {}, attributes = {}) {
      return `${this.text('insert', this.rows.bulkInsert(table, rows, options, attributes))};`;
    }

    updateQuery(table, row, where, options = {}, attributes = undefined) {
      const plan = this.rows.update(table, row, where, options, attributes);
      if (plan.set.length === 0) return '';
      return options.bindParam === false ? { query: this.text('update', plan) } : this.bound('update', plan);
    }

    arithmeticQuery(operator, table, where, amounts, extra, options = {}) {
      const plan = this.rows.arithmetic(operator, table, where, amounts, extra, { returning: true, ...options });
      return this.text('update', plan);
    }

    deleteQuery(table, where, options = {}, model = undefined) {
      return this.text('delete', this.rows.delete(table, where, options, model));
    }

    whereQuery(where, options) {
      const condition = this.whereItemsQuery(where, options);
      return condition ? `WHERE ${condition}` : '';
    }

    whereItemsQuery(where, options = {}, binding = undefined) {
      const isOr = binding?.trim().toUpperCase() === 'OR';
      return this.conditionText(isOr ? { [Op.or]: where } : where, options);
    }

    whereItemQuery(key, value, options = {}) {
      if (key === undefined) return this.conditionText(value, options);
      if (key instanceof Utils.SequelizeMethod) {
        const left = this.conditions.expression(key, options);
        return this.wholeCondition(this.conditions.entry(left, value, options), options.prefix);
      }
      return this.wholeCondition(this.conditions.entry(key, value, options), options.prefix);
    }

    conditionText(where, options) {
      if (isPlainObject(where) || Array.isArray(where) || where instanceof Utils.SequelizeMethod || where == null) {
        return this.wholeCondition(this.conditions.where(where, options), options.prefix);
      }
      return this.wholeCondition(this.conditions.where(where, options));
    }

    getWhereConditions(where, tableName, model, options = {}, prepend = true) {
      if (Buffer.isBuffer(where)) return this.escape(where);
      const source = Array.isArray(tableName) ? [].concat(tableName[0]).pop() : tableName;
      const condition = this.selects.primaryKeyCondition(where, model);
      return this.conditionText(condition, { model, prefix: prepend ? source : undefined, type: options.type });
    }

    handleSequelizeMethod(method, tableName, model) {
      const prefix = method instanceof Utils.Where ? tableName : undefined;
      return this.expressionText(this.conditions.expression(method, { model }), prefix);
    }

    jsonPathExtractionQuery(column, path, isJson) {
      const steps = (Array.isArray(path) ? path : String(path).split('.')).map(String);
      const source = this.isIdentifierQuoted(column) ? { l: column } : { c: column };
      return this.expressionText({ j: [source, steps, isJson ? 'json' : 'text'] });
    }

    /** A value, an attribute's value or a method as text. Strings have their quotes doubled. */
    escape(value, field, options = {}) {
      if (value instanceof Utils.SequelizeMethod) return this.handleSequelizeMethod(value);
      if (Array.isArray(value) && !field?.type?.bindParam) {
        return value.map((item) => this.escape(item)).join(', ');
      }
      return this.expressionText({ v: values.typed(this, value, field, options) });
    }

    quote(collection, model) {
      if (typeof collection === 'string') return this.quoteIdentifiers(collection);
      const [item] = this.selects.order.items([collection], { model });
      return `${this.expressionText(item.e, model?.name)}${item.dir ? ` ${item.dir}` : ''}`;
    }

    quoteIdentifier(identifier) {
      return this.expressionText({ p: [String(identifier)] });
    }

    addLimitAndOffset({ limit, offset }) {
      const text = (keyword, value) => {
        const plan = SelectPlan.count(keyword.trim().toLowerCase(), value);
        return plan ? `${keyword}${this.expressionText(plan)}` : '';
      };
      return text(' LIMIT ', limit) + text(' OFFSET ', offset);
    }

    generateReturnValues(attributes, options) {
      const returnFields = (this.rows.returning(options, attributes) ?? ['*']).map((name) =>
        this.quoteIdentifier(name),
      );
      return {
        returnFields,
        returnTypes: [],
        outputFragment: '',
        tmpTable: '',
        returningFragment: ` RETURNING ${returnFields.join(',')}`,
      };
    }
  }

  return QueryGenerator;
};
