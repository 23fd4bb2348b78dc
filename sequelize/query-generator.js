'use strict';

// The query generator, whose texts the translator writes. Statements that Sequelize itself runs have their values bound;
// text that a caller asks for has them inlined and escaped.

const { CompiledQuery } = require('./compiled-query');
const { literalOf } = require('./escape');
const { Translations, textOf } = require('./translations');
const { placeUserBinds } = require('./user-parameters');
const json = require('./flatten/json');
const { toJson } = require('../driver/json');
const { tableOf } = require('./flatten/tables');
const { givenValue } = require('../driver/values');

/** The most parameters of a statement. One that would have more has its values in its text. */
const PARAMETERS_MAX = 32_766;

/** The translations of every Sequelize of this process. */
const translations = new Translations();

module.exports = (lib) => {
  const { Utils, AbstractQueryGenerator, Op, errors, injectReplacements } = lib;
  const Conditions = require('./flatten/conditions')(lib);
  const Order = require('./flatten/order')(lib);
  const { selectPlan, countOf, primaryKeyCondition } = require('./flatten/select')(lib);
  const { RowWriter, returning } = require('./flatten/rows')(lib);
  const { typed } = require('./flatten/values')(lib);
  const { inZone } = lib.timeZone;
  const schemaGenerator = require('./schema-generator')(lib);

  class QueryGenerator extends schemaGenerator(AbstractQueryGenerator) {
    selectPlan(tableName, options, model, how) {
      return selectPlan(this, tableName, options, model, how);
    }

    /** Writes the plan of one insert, update or delete. */
    get rows() {
      return new RowWriter(this);
    }

    /**
     * Translates a plan with its values bound.
     *
     * @param {'select'|'insert'|'update'|'delete'} kind
     * @param {object} options a copy that the caller owns
     * @returns {CompiledQuery}
     */
    compile(kind, plan, options) {
      const bound = this.bindAll(kind, plan, options);
      bound.sql = this.replaceAll(bound.sql, options);
      // A log shows the values of a statement that only reads or deletes, as Sequelize's own dialects do.
      const showsValues = (kind === 'select' || kind === 'delete') && this.showsValues(options);
      const text = showsValues ? this.replaceAll(this.text(kind, plan), options) : bound.sql;
      // They are in the statement now; Sequelize is not to look for more of them in it.
      if (options.replacements !== undefined) delete options.replacements;
      if (options.bind !== undefined) delete options.bind;
      const readsOnly = kind === 'select' && !options.lock;
      return CompiledQuery.statement(readsOnly ? 'read' : 'write', text, bound, plan.table);
    }

    /** The statement with all its values bound, `parameters` as JSON: those of the user's own binds come first. */
    bindAll(kind, plan, { bind, replacements }) {
      if (!bind) {
        const translation = this.bound(kind, plan.json);
        if (plan.rows !== undefined) return { sql: translation.sql, parameters: '[]', rows: plan.rows };
        if (translation.count > PARAMETERS_MAX) return { sql: this.text(kind, plan), parameters: '[]' };
        const parameters = toJson(translation.parameters(plan.values));
        return { sql: translation.sql, parameters, find: translation.find };
      }
      if (replacements) throw new Error('Both `replacements` and `bind` cannot be set at the same time');
      const placed = placeUserBinds(plan.json, bind);
      const before = placed.parameters.length;
      const translation = this.bound(kind, placed.json, before);
      if (before + translation.count > PARAMETERS_MAX) {
        return {
          sql: this.text(kind, { json: placed.json, values: plan.values }),
          parameters: toJson(placed.parameters),
        };
      }
      const parameters = toJson([...placed.parameters, ...translation.parameters(plan.values)]);
      return { sql: translation.sql, parameters };
    }

    /** Sequelize's own replacements, which leaves the strings of a statement alone. */
    replaceAll(sql, { replacements }) {
      return replacements ? injectReplacements(sql, this._dialect, replacements) : sql;
    }

    showsValues(options) {
      const parametersApart = options.logQueryParameters ?? this.options.logQueryParameters;
      return (options.logging ?? this.options.logging) && !parametersApart;
    }

    /** A plan with its values bound, remembered or translated. */
    bound(kind, plan, parametersBefore) {
      return this.orRefusal(() => translations.bound(kind, plan, parametersBefore));
    }

    /** Translates a plan with inlined values. */
    text(kind, { json: plan, values }) {
      return this.orRefusal(() => textOf(kind, plan, values));
    }

    /** A value in its wire form, as it is written into the text of a statement. */
    inZone(wire) {
      return inZone(wire, this.options.timezone);
    }

    /** Translates. A refusal of the translator is thrown as an error of Sequelize. */
    orRefusal(translate) {
      try {
        return translate();
      } catch ({ message, code }) {
        throw Object.assign(new errors.QueryError(message), { code });
      }
    }

    /**
     * An expression or a condition as text.
     * @param {(conditions: object) => string | undefined} write its plan
     */
    expressionText(write, prefix) {
      const conditions = new Conditions(this);
      const expression = write(conditions);
      if (!expression) return '';
      const plan = new json.Plan(conditions.values).add('e', expression);
      return this.text('expression', prefix ? plan.add('prefix', json.strings(this.prefixParts(prefix))) : plan);
    }

    /** A condition as text, in parentheses when it is several: its caller puts more beside it. */
    wholeCondition(write, prefix) {
      return this.expressionText((conditions) => {
        const condition = write(conditions);
        return condition && json.whole(condition);
      }, prefix);
    }

    /** A table name, an alias, or a literal that holds a quoted one. */
    prefixParts(prefix) {
      if (prefix instanceof Utils.Literal) {
        return [...String(prefix.val).matchAll(/"((?:[^"]|"")*)"|([^".]+)/g)].map(([, quoted, bare]) =>
          quoted === undefined ? bare : quoted.replace(/""/g, '"'),
        );
      }
      const { name, schema } = tableOf(prefix);
      return schema ? [schema, name] : [name];
    }

    selectQuery(tableName, options, model) {
      return `${this.text('select', this.selectPlan(tableName, options, model))};`;
    }

    /** A statement with its values: `{ query, bind }`. */
    boundQuery(kind, plan) {
      const translation = this.bound(kind, plan.json);
      return { query: translation.sql, bind: translation.parameters(plan.values).map(givenValue) };
    }

    insertQuery(table, row, attributes, options = {}) {
      const plan = this.rows.insert(table, row, attributes, options);
      return options.bindParam === false ? { query: `${this.text('insert', plan)};` } : this.boundQuery('insert', plan);
    }

    bulkInsertQuery(table, rows, options = {}, attributes = {}) {
      return `${this.text('insert', this.rows.bulkInsert(table, rows, attributes, options))};`;
    }

    updateQuery(table, row, where, options = {}, attributes = undefined) {
      const plan = this.rows.update(table, row, where, options, attributes);
      if (plan.setsNothing) return '';
      return options.bindParam === false ? { query: this.text('update', plan) } : this.boundQuery('update', plan);
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
      return this.wholeCondition(
        (conditions) =>
          key instanceof Utils.SequelizeMethod
            ? conditions.condition(conditions.expression(key, options), options.field, value, options)
            : conditions.entry(key, value, options),
        options.prefix,
      );
    }

    conditionText(where, options) {
      return this.wholeCondition((conditions) => conditions.where(where, options), options.prefix);
    }

    getWhereConditions(where, tableName, model, options = {}, prepend = true) {
      if (Buffer.isBuffer(where)) return this.escape(where);
      const source = Array.isArray(tableName) ? [].concat(tableName[0]).pop() : tableName;
      const condition = primaryKeyCondition(where, model);
      return this.conditionText(condition, { model, prefix: prepend ? source : undefined, type: options.type });
    }

    handleSequelizeMethod(method, tableName, model) {
      const prefix = method instanceof Utils.Where ? tableName : undefined;
      return this.expressionText((conditions) => conditions.expression(method, { model }), prefix);
    }

    jsonPathExtractionQuery(column, path, isJson) {
      const steps = (Array.isArray(path) ? path : String(path).split('.')).map(String);
      const source = this.isIdentifierQuoted(column) ? json.literal(column) : json.column(column);
      return this.expressionText(() => json.document(source, steps, isJson ? 'json' : 'text'));
    }

    /** A value, an attribute's value or a method as text. Strings have their quotes doubled. */
    escape(value, field, options = {}) {
      if (value instanceof Utils.SequelizeMethod) return this.handleSequelizeMethod(value);
      if (Array.isArray(value) && !field?.type?.bindParam) {
        return value.map((item) => this.escape(item)).join(', ');
      }
      const wire = typed(this, value, field, options);
      return this.orRefusal(() => literalOf(this.inZone(wire)));
    }

    quote(collection, model) {
      if (typeof collection === 'string') return this.quoteIdentifiers(collection);
      let direction;
      const text = this.expressionText((conditions) => {
        const { e, dir } = new Order(conditions).parts([].concat(collection), model);
        direction = dir;
        return e;
      }, model?.name);
      return direction ? `${text} ${direction}` : text;
    }

    quoteIdentifier(identifier) {
      return this.expressionText(() => json.path([String(identifier)]));
    }

    addLimitAndOffset({ limit, offset }) {
      const text = (keyword, value) => {
        const count = countOf(keyword.trim().toLowerCase(), value);
        return count ? `${keyword}${this.expressionText(() => count)}` : '';
      };
      return text(' LIMIT ', limit) + text(' OFFSET ', offset);
    }

    generateReturnValues(attributes, options) {
      const returnFields = (returning(options, attributes) ?? ['*']).map((name) => this.quoteIdentifier(name));
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
