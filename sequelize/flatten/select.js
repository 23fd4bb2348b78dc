'use strict';

// Finder options and includes as the plan of a select.

module.exports = (lib) => {
  const { Op, Utils, Model, BelongsTo, BelongsToMany, HasMany, logger, errors } = lib;
  const Conditions = require('./conditions')(lib);
  const Order = require('./order')(lib);
  const { tableOf } = require('./tables');

  const PARENTHESES = `Attributes cannot include parentheses in Sequelize 6:
In order to fix the vulnerability CVE-2023-22578, attributes that include parentheses are not raw SQL.
- Wrap the attribute in a literal() call to make it raw SQL.
- Set the "attributeBehavior" sequelize option to "escape" to have it quoted, as Sequelize 7 does.`;

  function count(name, value) {
    if (value === null || value === undefined) return undefined;
    if (value instanceof Utils.Literal) return { l: String(value.val) };
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'bigint' || (Number.isSafeInteger(number) && number >= 0)) return { v: Number(number) };
    throw new errors.QueryError(`${name} must be a whole number that is not negative, but is ${logger.inspect(value)}`);
  }

  /** Whether something below an include is required and joined outside of the limiting sub-query. */
  function requiresOutside({ include }) {
    return (include ?? []).some(
      (child) => !child.separate && child.required && (!child.subQuery || requiresOutside(child)),
    );
  }

  /** One that is not required stays together with what is required below it, or that would take rows away. */
  function goesInside(include) {
    return !!include.subQuery && !(include.required === false && requiresOutside(include));
  }

  class SelectPlan {
    constructor(generator) {
      this.generator = generator;
      this.conditions = new Conditions(generator);
      this.order = new Order(this.conditions);
    }

    /** The plan of `selectQuery(tableName, options, model)`. */
    plan(tableName, options = {}, model = undefined) {
      const { limit, offset, group, order } = options;
      const subQuery = options.subQuery === undefined ? !!(limit && options.hasMultiAssociation) : !!options.subQuery;
      const plan = { from: this.from(tableName, options, model) };
      const columns = options.attributes && this.columns(options.attributes, model, options);
      if (columns && subQuery) this.addPrimaryKey(columns, model);
      if (columns) plan.columns = columns;
      plan.where = this.conditions.where(this.primaryKeyCondition(options.where, model), { model, type: options.type });
      if (options.include?.length) this.addIncludes(plan, options, subQuery);
      if (options.groupedLimit) plan.groupedLimit = this.groupedLimit(options, model);
      if (Array.isArray(group) ? group.length > 0 : group) plan.group = this.order.group(group, model);
      if (options.having !== undefined) plan.having = this.conditions.where(options.having, { model });
      if (order) plan.order = this.order.items(order, { model, attributes: options.attributes });
      plan.limit = count('limit', limit);
      plan.offset = count('offset', offset);
      if (options.lock) plan.lock = this.lock(options);
      return plan;
    }

    /** `where: 5` is the primary key. */
    primaryKeyCondition(where, model) {
      if (typeof where !== 'number' && typeof where !== 'bigint') return where;
      return { [Object.keys(model?.primaryKeys ?? {})[0] ?? 'id']: where };
    }

    from(tableName, options, model) {
      if (Array.isArray(tableName)) {
        return tableName.map((item) => {
          const [table, alias] = Array.isArray(item) ? item : [item, item.as || item.name || item.tableName || item];
          return { table: tableOf(table), as: alias };
        });
      }
      return [{ table: tableOf(tableName), as: options.tableAs || model?.name }];
    }

    columns(attributes, model, options) {
      return attributes.map((attribute) => this.column(attribute, options.model ?? model));
    }

    column(attribute, model) {
      if (attribute instanceof Utils.SequelizeMethod) return { e: this.conditions.expression(attribute) };
      if (Array.isArray(attribute)) {
        if (attribute.length !== 2) {
          throw new Error(
            `${JSON.stringify(attribute)} is not a valid attribute definition. Please use the following format: ['attribute definition', 'alias']`,
          );
        }
        const [source, alias] = attribute;
        return { e: this.source(source), as: String(alias) };
      }
      if (typeof attribute !== 'string') {
        throw new Error(`${logger.inspect(attribute)} is not a valid attribute definition`);
      }
      if (attribute === '*') return { e: { star: null } };
      const isPath = attribute.includes('.') && !(model && attribute in model.rawAttributes);
      return { e: isPath ? { p: attribute.split('.') } : { c: attribute } };
    }

    /** The first half of `[source, alias]`. */
    source(source) {
      if (source instanceof Utils.SequelizeMethod) return this.conditions.expression(source);
      if (/[()]/.test(source)) {
        const behavior = this.generator.options.attributeBehavior;
        if (behavior === 'unsafe-legacy') return { l: source };
        if (behavior !== 'escape') throw new Error(PARENTHESES);
      }
      return source.includes('.') ? { p: [source] } : { c: source };
    }

    /** Joins to a limited main table need its primary key. */
    addPrimaryKey(columns, model) {
      for (const name of model.primaryKeyAttributes) {
        const field = model.rawAttributes[name].field || name;
        const has = columns.some((item) => item.as === name || (item.e.c === field && (item.as ?? field) === name));
        if (!has) columns.push(field === name ? { e: { c: field } } : { e: { c: field }, as: name });
      }
    }

    addIncludes(plan, options, subQuery) {
      plan.include = this.children(options.include, options);
      plan.subQuery = subQuery;
      plan.noIncludeAttributes = options.includeIgnoreAttributes === false;
    }

    /** `isInside`: whether what they belong to is in the sub-query that a limit makes. Outside of it nothing is inside. */
    children(includes, options, isInside = true) {
      return (includes ?? [])
        .filter((include) => !include.separate && !include._pseudo)
        .map((include) => this.include(include, options, isInside && goesInside(include)));
    }

    include(include, options, subQuery) {
      const { association, model } = include;
      if (options.includeIgnoreAttributes !== false) {
        model._expandAttributes(include);
        Utils.mapFinderOptions(include, model);
      }
      const plan = {
        as: include.as,
        table: tableOf(model.getTableName()),
        required: include.required === true,
        optional: include.required === undefined,
        rightJoin: !!include.right,
        or: !!include.or,
        attributes: this.includeColumns(include, options),
        where: include.where && this.conditions.where(include.where, { model }),
        on: include.on && this.conditions.where(include.on, { model }),
        subQuery,
        subQueryFilter: !!include.subQueryFilter,
        include: this.children(include.include, options, subQuery),
      };
      return Object.assign(plan, this.keys(association, model), this.through(include));
    }

    /** None when nothing of an include is selected: `count` leaves its attributes as the user wrote them. */
    includeColumns({ attributes }, { includeIgnoreAttributes }) {
      if (includeIgnoreAttributes === false) return [];
      return (attributes ?? []).map((attribute) => this.includeColumn(attribute));
    }

    includeColumn(attribute) {
      if (Array.isArray(attribute)) return { e: this.source(attribute[0]), as: String(attribute[1]) };
      if (attribute instanceof Utils.Literal) return { e: this.conditions.expression(attribute) };
      if (attribute instanceof Utils.SequelizeMethod) {
        throw new Error(
          'Tried to select attributes using Sequelize.cast or Sequelize.fn without specifying an alias for the result, during eager loading. This means the attribute will not be added to the returned instance',
        );
      }
      return { e: { c: attribute }, as: attribute };
    }

    keys(association, target) {
      if (association instanceof BelongsToMany) {
        return {
          left: { attribute: association.sourceKey, field: association.sourceKeyField },
          right: association.targetKeyField,
        };
      }
      if (association instanceof BelongsTo) {
        const key = association.targetIdentifier || target.primaryKeyAttribute;
        return {
          left: { attribute: association.identifier, field: association.identifierField },
          right: target.rawAttributes[key].field || key,
        };
      }
      const { source } = association;
      const key = association.sourceKeyAttribute || source.primaryKeyAttribute;
      return {
        left: { attribute: key, field: source.rawAttributes[key].field || key },
        right: association.identifierField,
      };
    }

    through({ through, association }) {
      if (!through) return undefined;
      const { model } = through;
      return {
        through: {
          table: tableOf(model.getTableName()),
          as: through.as,
          primaryKey: model.primaryKeyField ?? null,
          attributes: through.attributes.map((attribute) => {
            const [field, name] = Array.isArray(attribute) ? attribute : [attribute, attribute];
            return { e: { c: field }, as: name };
          }),
          where: through.where && this.conditions.where(through.where, { model }),
          sourceField: association.identifierField,
          targetField: association.foreignIdentifierField,
        },
      };
    }

    groupedLimit(options, model) {
      const { on, limit, values } = options.groupedLimit;
      const plan = { limit: count('limit', limit).v };
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
        plan.include = this.children(include, options);
        plan.key = { p: [on.manyFromSource.as, on.foreignIdentifierField] };
      } else {
        if (on instanceof HasMany) key = on.foreignKeyField;
        plan.key = { c: key };
      }
      const field = model?.fieldRawAttributesMap?.[key];
      plan.values = values.map((value) => this.conditions.value(value, field));
      return plan;
    }

    lock({ lock, skipLocked }) {
      const level = typeof lock === 'object' ? lock.level : lock;
      const known = ['UPDATE', 'SHARE', 'KEY SHARE', 'NO KEY UPDATE'].includes(level);
      const of = lock.of && lock.of.prototype instanceof Model ? lock.of.name : undefined;
      return { strength: known ? level : 'UPDATE', of, skip: !!skipLocked };
    }
  }

  SelectPlan.count = count;
  return SelectPlan;
};
