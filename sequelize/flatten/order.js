'use strict';

// The `order` and `group` options as parts of a plan. A path through associations becomes a path of names.

const json = require('./json');

module.exports = (lib) => {
  const { Utils, Model, Association, logger } = lib;
  const { isJson } = require('./values')(lib);

  const DIRECTIONS = new Set([
    'ASC',
    'DESC',
    'ASC NULLS LAST',
    'DESC NULLS LAST',
    'ASC NULLS FIRST',
    'DESC NULLS FIRST',
    'NULLS FIRST',
    'NULLS LAST',
  ]);
  const isModel = (value) => typeof value === 'function' && value.prototype instanceof Model;

  /** The association of `parent` that a model, or `{ model, as }`, refers to. */
  function associationOf(parent, item, previous) {
    const model = isModel(item) ? item : item.model;
    let { as } = isModel(item) ? {} : item;
    if (!as && previous?.through?.model === model) {
      return { as: model.name, target: model };
    }
    as ||= undefined;
    const association = parent.getAssociationForAlias(model, as) ?? parent.getAssociationForAlias(model, model.name);
    if (!association) {
      throw new Error(`Unable to find a valid association for model, '${model.name}'`);
    }
    return association;
  }

  const isAssociation = (value) => value instanceof Association;
  const namesAssociation = (value) => isModel(value) || isModel(value?.model);

  class Order {
    constructor(conditions) {
      this.conditions = conditions;
    }

    /** The whole `order` option, as a list of `OrderItem`. */
    items(order, { model, attributes }) {
      if (order instanceof Utils.SequelizeMethod) return json.array([this.item([order], model, attributes)]);
      if (!Array.isArray(order)) {
        throw new Error('Order must be type of array or instance of a valid sequelize method.');
      }
      return json.array(order.map((item) => this.item(Array.isArray(item) ? item : [item], model, attributes)));
    }

    item(path, model, attributes) {
      const { e, own, dir, literalDir } = this.parts(path, model, attributes);
      return json.orderItem(e, own, dir, literalDir);
    }

    parts(path, model, attributes) {
      const { tables, rest, target } = this.walk(path, model);
      const column = rest[0];
      if (column === undefined) {
        throw new Error(`Unknown structure passed to order / group: ${logger.inspect(path)}`);
      }
      const result = { e: this.column(column, tables, target, model, attributes), own: tables.length === 0 };
      if (rest.length === 1) return result;
      const directions = rest.slice(1);
      if (directions.some((part) => part instanceof Utils.Literal)) result.literalDir = this.literal(directions);
      else result.dir = this.direction(directions);
      return result;
    }

    /** Splits a path into the associations at its front and the rest. */
    walk(path, model) {
      const tables = [];
      let target = model;
      let previous;
      let index = 0;
      for (; index < path.length; index++) {
        const item = path[index];
        let association;
        if (isAssociation(item)) association = item;
        else if (namesAssociation(item) && target) association = associationOf(target, item, previous);
        else if (typeof item === 'string' && index < path.length - 1 && target?.associations?.[item]) {
          association = target.associations[item];
        } else if (typeof item === 'string' && index < path.length - 1 && previous?.through?.model.name === item) {
          association = associationOf(target, previous.through.model, previous);
        }
        if (!association) break;
        tables.push(association.as);
        target = association.target;
        previous = isAssociation(association) ? association : undefined;
      }
      return { tables, rest: index > 0 ? path.slice(index) : path, target };
    }

    /** A direction that is, at least in part, SQL of the user. */
    literal(parts) {
      return parts
        .map((part) => (part instanceof Utils.Literal ? String(part.val) : this.direction([part])))
        .join(' ')
        .trim();
    }

    direction(parts) {
      if (parts.length === 1 && DIRECTIONS.has(parts[0])) return parts[0];
      const text = parts.join(' ').trim();
      if (!DIRECTIONS.has(text.toUpperCase())) {
        throw new Error(`Order must be one of ${[...DIRECTIONS].join(', ')}, but was given ${logger.inspect(text)}`);
      }
      return text.toUpperCase();
    }

    column(column, tables, target, model, attributes) {
      if (column instanceof Utils.SequelizeMethod) return this.method(column, tables);
      if (column?._modelAttribute) return json.path([column.Model.name, column.field || column.fieldName]);
      if (typeof column !== 'string') {
        if (column?.raw) {
          throw new Error('The `{raw: "..."}` syntax is no longer supported.  Use `sequelize.literal` instead.');
        }
        throw new Error(`Unknown structure passed to order / group: ${logger.inspect(column)}`);
      }
      if (tables.length === 0 && this.isAlias(column, attributes)) return json.path([column]);
      if (tables.length === 0 && Utils.isColString(column)) return json.dottedPath(column.slice(1, -1));
      const attribute = target?.rawAttributes?.[column];
      if (attribute) return this.own(attribute.field || column, tables, model);
      const [name, ...path] = column.split('.');
      const document = path.length > 0 && target?.rawAttributes?.[name];
      if (document && isJson(document.type)) {
        return json.document(this.own(document.field || name, tables, model), path);
      }
      return path.length > 0 ? json.path([...tables, name, ...path]) : this.own(column, tables, model);
    }

    own(field, tables, model) {
      if (tables.length > 0) return json.path([...tables, field]);
      return model ? json.column(field) : json.path([field]);
    }

    /** True for an alias that `attributes` defines, such as `n` in `[fn('COUNT', col('id')), 'n']`. */
    isAlias(name, attributes) {
      return !!attributes?.some((item) => Array.isArray(item) && item[1] === name && item[0] !== name);
    }

    method(method, tables) {
      if (method instanceof Utils.Col && tables.length > 0) return json.path([...tables, ...method.col.split('.')]);
      return this.conditions.constantExpression(method);
    }

    /** The whole `group` option, as a list of expressions. */
    group(group, model) {
      const items = (Array.isArray(group) ? group : [group]).map((item) => {
        const source = Array.isArray(item) ? item[0] : item;
        if (typeof source === 'string') return json.dottedPath(source);
        if (source instanceof Utils.SequelizeMethod) return this.conditions.constantExpression(source);
        return this.column(source, [], model, model);
      });
      return json.array(items);
    }
  }

  return Order;
};
