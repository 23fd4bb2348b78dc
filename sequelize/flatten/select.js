'use strict';

// The plan of a select, from finder options and includes.

const json = require('./json');

module.exports = (lib) => {
  const { Op, Utils, Model, BelongsTo, BelongsToMany, HasMany, logger, errors } = lib;
  const Conditions = require('./conditions')(lib);
  const Order = require('./order')(lib);
  const { withoutIdleIncludes } = require('./distinct-count')(lib);

  const LOCKS = ['UPDATE', 'SHARE', 'KEY SHARE', 'NO KEY UPDATE'];

  const PARENTHESES = `Attributes cannot include parentheses in Sequelize 6:
In order to fix the vulnerability CVE-2023-22578, attributes that include parentheses are not raw SQL.
- Wrap the attribute in a literal() call to make it raw SQL.
- Set the "attributeBehavior" sequelize option to "escape" to have it quoted, as Sequelize 7 does.`;

  /** A limit or an offset. It is written into the statement because most calls of a query share it. */
  function countOf(name, value) {
    if (value === null || value === undefined) return undefined;
    if (value instanceof Utils.Literal) return json.literal(String(value.val));
    return json.constant(number(name, value));
  }

  function number(name, value) {
    const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof count === 'bigint' || (Number.isSafeInteger(count) && count >= 0)) return Number(count);
    throw new errors.QueryError(`${name} must be a whole number that is not negative, but is ${logger.inspect(value)}`);
  }

  /** True when a required include below this one is joined outside the sub-query that limits the main table. */
  function requiresOutside({ include }) {
    return (include ?? []).some(
      (child) => !child.separate && child.required && (!child.subQuery || requiresOutside(child)),
    );
  }

  /**
   * True when an include can be joined inside that sub-query. An include that is not required must be joined together
   * with the required includes below it; joined apart, those would remove rows of the main table.
   */
  function canGoInside(include) {
    return !!include.subQuery && !(include.required === false && requiresOutside(include));
  }

  /** Writes the plan of one select. */
  class SelectWriter {
    constructor(generator) {
      this.generator = generator;
      this.conditions = new Conditions(generator);
      this.order = new Order(this.conditions);
    }

    /**
     * The plan of `selectQuery(tableName, options, model)`.
     * @param {boolean} find true when it may run as a find call
     */
    plan(tableName, options, model, find) {
      const { attributes, limit, offset, group, order, include, having } = options;
      const subQuery = options.subQuery === undefined ? !!(limit && options.hasMultiAssociation) : !!options.subQuery;
      const [tables, mainTable] = this.from(tableName, options, model);
      const plan = new json.Plan(this.conditions.values, mainTable).add('from', tables);
      if (attributes) plan.add('columns', this.columns(attributes, options.model ?? model, subQuery && model));
      plan.add('where', this.where(options, model));
      if (include?.length) this.addIncludes(plan, options, subQuery);
      if (options.groupedLimit) plan.add('groupedLimit', this.groupedLimit(options, model));
      if (Array.isArray(group) ? group.length > 0 : group) plan.add('group', this.order.group(group, model));
      if (having !== undefined) plan.add('having', this.conditions.where(having, { model }));
      if (order) plan.add('order', this.order.items(order, { model, attributes }));
      plan.add('limit', countOf('limit', limit)).add('offset', countOf('offset', offset));
      if (options.lock) plan.add('lock', this.lock(options));
      if (find && !this.conditions.needsParameters) plan.add('find', json.boolean(true));
      return plan;
    }

    where({ where, type }, model) {
      return this.conditions.where(primaryKeyCondition(where, model), { model, type });
    }

    /** @returns {[string, string]} the FROM items, and the main table */
    from(tableName, options, model) {
      if (!Array.isArray(tableName)) {
        const table = json.table(tableName);
        return [json.array([json.fromItem(table, options.tableAs || model?.name)]), table];
      }
      const pairs = tableName.map((item) =>
        Array.isArray(item) ? item : [item, item.as || item.name || item.tableName || item],
      );
      const tables = pairs.map(([table]) => json.table(table));
      return [json.array(tables.map((table, i) => json.fromItem(table, pairs[i][1]))), tables[0]];
    }

    /** @param {Function | false} limited the model that is limited in a sub-query; joins need its primary key */
    columns(attributes, model, limited) {
      const items = attributes.map((attribute) => this.column(attribute, model));
      return json.array(limited ? [...items, ...this.missingKeys(attributes, limited)] : items);
    }

    column(attribute, model) {
      if (typeof attribute === 'string') {
        if (attribute === '*') return json.selectItem(json.STAR);
        const isPath = attribute.includes('.') && !(model && attribute in model.rawAttributes);
        return isPath ? json.selectItem(json.dottedPath(attribute)) : json.selectedColumn(attribute);
      }
      if (attribute instanceof Utils.SequelizeMethod) {
        return json.selectItem(this.conditions.constantExpression(attribute));
      }
      if (!Array.isArray(attribute)) {
        throw new Error(`${logger.inspect(attribute)} is not a valid attribute definition`);
      }
      if (attribute.length !== 2) {
        throw new Error(
          `${JSON.stringify(attribute)} is not a valid attribute definition. Please use the following format: ['attribute definition', 'alias']`,
        );
      }
      return this.renamed(attribute);
    }

    /** An attribute of the form `[source, alias]`. */
    renamed([source, alias]) {
      return json.selectItem(this.source(source), String(alias));
    }

    source(source) {
      if (source instanceof Utils.SequelizeMethod) return this.conditions.constantExpression(source);
      if (/[()]/.test(source)) {
        const behavior = this.generator.options.attributeBehavior;
        if (behavior === 'unsafe-legacy') return json.literal(source);
        if (behavior !== 'escape') throw new Error(PARENTHESES);
      }
      return source.includes('.') ? json.path([source]) : json.column(source);
    }

    /** The columns of the primary key that the attributes do not select under their own names. */
    missingKeys(attributes, model) {
      const missing = [];
      for (const name of model.primaryKeyAttributes) {
        const field = model.rawAttributes[name].field || name;
        const has = attributes.some((item) =>
          Array.isArray(item) ? String(item[1]) === name : item === name && field === name,
        );
        if (has) continue;
        missing.push(json.selectItem(json.column(field), field === name ? undefined : name));
      }
      return missing;
    }

    addIncludes(plan, options, subQuery) {
      plan.add('include', this.children(options.include, options)).add('subQuery', json.boolean(subQuery));
      plan.add('noIncludeAttributes', json.boolean(options.includeIgnoreAttributes === false));
    }

    /** @param {boolean} isInside true when the parent is in the sub-query; a child of one outside is outside too */
    children(includes, options, isInside = true) {
      const joined = (includes ?? []).filter((include) => !include.separate && !include._pseudo);
      return json.array(joined.map((include) => this.include(include, options, isInside && canGoInside(include))));
    }

    include(include, options, subQuery) {
      const { association, model } = include;
      if (options.includeIgnoreAttributes !== false) {
        model._expandAttributes(include);
        Utils.mapFinderOptions(include, model);
      }
      const plan = new json.ObjectText();
      plan.add('as', json.string(include.as)).add('table', json.table(model.getTableName()));
      for (const [name, flag] of Object.entries(flagsOf(include, subQuery))) plan.add(name, json.boolean(flag));
      plan.add('attributes', this.includeColumns(include, options));
      plan.add('where', include.where && this.conditions.where(include.where, { model }));
      plan.add('on', include.on && this.conditions.where(include.on, { model }));
      plan.add('include', this.children(include.include, options, subQuery));
      const { attribute, field, right } = keysOf(association, model);
      const left = new json.ObjectText().add('attribute', json.string(attribute)).add('field', json.string(field));
      plan.add('left', left.json);
      plan.add('right', json.string(right));
      if (include.through) plan.add('through', this.through(include));
      return plan.json;
    }

    /** Empty when no columns of includes are selected: `count` leaves their attributes as the user gave them. */
    includeColumns({ attributes }, { includeIgnoreAttributes }) {
      if (includeIgnoreAttributes === false) return json.array([]);
      return json.array((attributes ?? []).map((attribute) => this.includeColumn(attribute)));
    }

    includeColumn(attribute) {
      if (Array.isArray(attribute)) return this.renamed(attribute);
      if (attribute instanceof Utils.Literal) return json.selectItem(this.conditions.expression(attribute));
      if (attribute instanceof Utils.SequelizeMethod) {
        throw new Error(
          'Tried to select attributes using Sequelize.cast or Sequelize.fn without specifying an alias for the result, during eager loading. This means the attribute will not be added to the returned instance',
        );
      }
      return selectAs(attribute, attribute);
    }

    through({ through, association }) {
      const { model } = through;
      const columns = through.attributes.map((attribute) =>
        Array.isArray(attribute) ? selectAs(attribute[0], attribute[1]) : selectAs(attribute, attribute),
      );
      return new json.ObjectText()
        .add('table', json.table(model.getTableName()))
        .add('as', json.string(through.as))
        .add('primaryKey', model.primaryKeyField && json.string(model.primaryKeyField))
        .add('attributes', json.array(columns))
        .add('where', through.where && this.conditions.where(through.where, { model }))
        .add('sourceField', json.string(association.identifierField))
        .add('targetField', json.string(association.foreignIdentifierField)).json;
    }

    groupedLimit(options, model) {
      const { on, limit, values } = options.groupedLimit;
      const plan = new json.ObjectText().add('limit', json.number(number('limit', limit)));
      let key = on;
      if (on instanceof BelongsToMany) {
        const { include, includeMap, includeNames } = Model._validateIncludedElements({
          include: [
            {
              association: on.manyFromSource,
              duplicating: false,
              required: true,
              where: { [Op.and]: [], ...options.groupedLimit.through?.where },
            },
          ],
          model,
        });
        options.hasJoin = true;
        options.hasMultiAssociation = true;
        options.includeMap = Object.assign(includeMap, options.includeMap);
        options.includeNames = includeNames.concat(options.includeNames || []);
        plan.add('include', this.children(include, options));
        plan.add('key', json.path([on.manyFromSource.as, on.foreignIdentifierField]));
      } else {
        if (on instanceof HasMany) key = on.foreignKeyField;
        plan.add('key', json.column(key));
      }
      const field = model?.fieldRawAttributesMap?.[key];
      const long = this.conditions.longList(values, field);
      const items = long ? [long] : values.map((value) => this.conditions.value(value, field));
      return plan.add('values', json.array(items)).json;
    }

    lock({ lock, skipLocked }) {
      const level = typeof lock === 'object' ? lock.level : lock;
      const strength = LOCKS.includes(level) ? level : 'UPDATE';
      const of = lock.of && lock.of.prototype instanceof Model ? json.string(lock.of.name) : undefined;
      const plan = new json.ObjectText().add('strength', json.string(strength));
      return plan.add('of', of).add('skip', json.boolean(skipLocked)).json;
    }
  }

  const selectAs = (field, alias) => json.selectItem(json.column(field), alias);

  function flagsOf(include, subQuery) {
    return {
      required: include.required === true,
      optional: include.required === undefined,
      rightJoin: !!include.right,
      or: !!include.or,
      subQuery,
      subQueryFilter: !!include.subQueryFilter,
    };
  }

  /** The keys that an association joins by: attribute and field of the parent, and the field of the target. */
  function keysOf(association, target) {
    if (association instanceof BelongsToMany) {
      return {
        attribute: association.sourceKey,
        field: association.sourceKeyField,
        right: association.targetKeyField,
      };
    }
    if (association instanceof BelongsTo) {
      const key = association.targetIdentifier || target.primaryKeyAttribute;
      return {
        attribute: association.identifier,
        field: association.identifierField,
        right: target.rawAttributes[key].field || key,
      };
    }
    const { source } = association;
    const key = association.sourceKeyAttribute || source.primaryKeyAttribute;
    return { attribute: key, field: source.rawAttributes[key].field || key, right: association.identifierField };
  }

  /** Takes a number for the primary key: `where: 5`. */
  function primaryKeyCondition(where, model) {
    if (typeof where !== 'number' && typeof where !== 'bigint') return where;
    return { [Object.keys(model?.primaryKeys ?? {})[0] ?? 'id']: where };
  }

  /** @param {{ find?: boolean }} [how] `find`: true when it may run as a find call */
  function selectPlan(generator, tableName, options = {}, model = undefined, { find = false } = {}) {
    return new SelectWriter(generator).plan(tableName, withoutIdleIncludes(options, model), model, find);
  }

  return { selectPlan, countOf, primaryKeyCondition };
};
