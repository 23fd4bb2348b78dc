'use strict';

// The instances of a select with includes. A row of it has the columns of the main model and of every include, joined. Rows
// are grouped by the primary keys on the way down the tree of includes, as `AbstractQuery._groupJoinData` does it, and the
// instances are built from the groups, without an object for each row, for each group, and for each copy between.

const { PROPERTIES } = require('./models.js');

/** The deepest tree that is grouped here. */
const DEPTH_MAX = 8;
/** The wire types whose values are compared as they come. */
const COMPARABLE = new Set(['integer', 'string', 'uuid', 'enum', 'decimal', 'date', 'time', 'boolean']);

/** The columns of a result by the path of their include (`tasks.owner`), which is '' for the main model. */
function columnsByPath(columns) {
  const paths = new Map();
  for (const [index, { name, type }] of columns.entries()) {
    const dot = name.lastIndexOf('.');
    const path = dot < 0 ? '' : name.slice(0, dot);
    if (!paths.has(path)) paths.set(path, new Map());
    paths.get(path).set(name.slice(dot + 1), { index, type });
  }
  return paths;
}

/** The order in which the first columns of includes appear in a result. */
const byFirstColumn = (one, other) => one.firstColumn - other.firstColumn;

/** A row of a node, and the items of its children that belong to it. */
class Item {
  constructor(row, key, childCount) {
    this.row = row;
    this.key = key;
    this.children = childCount === 0 ? undefined : new Array(childCount);
  }
}

/** The items of a node that have the same parent, by their keys. Rows of one item mostly follow each other. */
class Groups extends Map {
  last = undefined;

  /** The item with the key of a row; the first row with this key is its row. */
  itemOf(node, row) {
    const key = node.keyOf(row);
    if (this.last !== undefined && this.last.key === key) return this.last;
    let item = this.get(key);
    if (item === undefined) {
      item = new Item(row, key, node.children.length);
      this.set(key, item);
    }
    this.last = item;
    return item;
  }
}

function addChildren(item, node, row) {
  for (let i = 0; i < node.children.length; i++) {
    const child = node.children[i];
    item.children[i] ??= new Groups();
    const childItem = item.children[i].itemOf(child, row);
    if (child.children.length > 0) addChildren(childItem, child, row);
  }
}

/** The items of the main model, in the order of their first rows. */
function grouped(root, rows) {
  const groups = new Groups();
  for (const row of rows) addChildren(groups.itemOf(root, row), root, row);
  return [...groups.values()].map((item) => instanceOf(root, item));
}

function instanceOf(node, item) {
  return node.build(item.row, (instance, values) => {
    for (let i = 0; i < node.children.length; i++) {
      const child = node.children[i];
      const items = [...item.children[i].values()];
      const isEmpty = child.isMissing((child.isSingle ? items[items.length - 1] : items[0]).row);
      let value;
      if (child.isSingle) value = isEmpty ? null : instanceOf(child, items[items.length - 1]);
      else value = isEmpty ? [] : items.map((one) => instanceOf(child, one));
      instance[child.as] = values[child.as] = value;
    }
  });
}

/** The instance of a row that has at most one row of each include. */
function instanceOfRow(node, row) {
  return node.build(row, (instance, values) => {
    for (const child of node.children) {
      const one = child.isMissing(row) ? undefined : instanceOfRow(child, row);
      instance[child.as] = values[child.as] = one ?? null;
    }
  });
}

module.exports = (instanceClassOf, dataValuesOf) => {
  /** The function that gives a row its key among the rows with the same parent. @returns {Function | undefined} */
  function keyMaker(Model, columns) {
    const keys = Model.primaryKeyAttributes.map((name) => columns.get(name));
    // Values that are converted are compared by their texts in Sequelize.
    if (keys.length === 0 || !keys.every((key) => key && COMPARABLE.has(key.type))) return undefined;
    const [{ index }] = keys;
    if (keys.length === 1) return (row) => row[index];
    return (row) => keys.reduce((text, key) => text + row[key.index], '');
  }

  /** The function that builds an instance of a row, and lets its includes be added in time. */
  function builder(Model, Instance, make, optionsOf) {
    return (row, addIncludes) => {
      const values = make(row);
      const instance = new Instance(values, undefined, optionsOf(Model));
      addIncludes(instance, values);
      instance._previousDataValues = { ...values };
      return instance;
    };
  }

  class Tree {
    constructor(columns, count, hasMany) {
      this.paths = columnsByPath(columns);
      this.count = count;
      this.hasMany = hasMany;
      this.used = 0;
    }

    /**
     * A model in the tree, with its includes. Undefined when Sequelize must build the instances.
     *
     * @param {Function} Model
     * @param {{ include?: object[], includeNames?: string[], includeMap?: object }} options
     * @param {unknown[] | undefined} attributes of the instances
     * @param {string} path
     * @param {(Model: Function) => object} optionsOf makes the `_options` of an instance
     */
    node(Model, { includeNames = [], includeMap }, attributes, path, optionsOf, depth = 0) {
      const Instance = instanceClassOf(Model);
      const columns = this.paths.get(path);
      if (!Instance || !columns || depth > DEPTH_MAX) return undefined;
      const dataValues = dataValuesOf(Model, attributes, columns, this.count);
      const keyOf = this.hasMany ? keyMaker(Model, columns) : () => undefined;
      if (!dataValues || !keyOf) return undefined;
      this.used++;
      const children = [];
      for (const as of includeNames) {
        const include = includeMap[as];
        // Separate includes are found by finders of their own, and those without attributes are left out.
        if (include.separate || include.originalAttributes?.length === 0) continue;
        const isTaken = as in Model.prototype || PROPERTIES.includes(as) || columns.has(as) || attributes?.includes(as);
        if (isTaken || as.includes('.')) return undefined;
        const child = this.child(include, path === '' ? as : `${path}.${as}`, depth);
        if (!child) return undefined;
        children.push(child);
      }
      // Without a list of attributes, Sequelize sets the values in the order of the columns.
      if (attributes === undefined) children.sort(byFirstColumn);
      return { build: builder(Model, Instance, dataValues.make, optionsOf), keyOf, children };
    }

    child(include, path, depth) {
      const { as, model: Model, association, include: nested, includeNames, includeMap, originalAttributes } = include;
      const attributes = originalAttributes?.map((one) => (Array.isArray(one) ? one[1] : one));
      const optionsOf = ({ _schema, _schemaDelimiter }) => ({
        isNewRecord: false,
        _schema,
        _schemaDelimiter,
        include: nested,
        includeNames,
        includeMap,
        includeValidated: true,
        raw: true,
        attributes: attributes?.slice(),
      });
      const node = this.node(Model, include, originalAttributes, path, optionsOf, depth + 1);
      if (!node) return undefined;
      const key = this.paths.get(path).get(Model.primaryKeyAttribute)?.index;
      return Object.assign(node, {
        as,
        isSingle: !!association.isSingleAssociation,
        isMissing: key === undefined ? () => false : (row) => row[key] === null,
        firstColumn: Math.min(...[...this.paths.get(path).values()].map(({ index }) => index)),
      });
    }
  }

  /**
   * The instances of a select with includes.
   *
   * @param {{ columns: { name: string, type: string }[], rows: unknown[][] }} result with converted values
   * @param {object} options of the query
   * @returns {object[] | undefined} undefined when Sequelize must build them
   */
  return function instancesWithIncludes({ columns, rows }, options) {
    const { model, include, includeNames, includeMap, hasMultiAssociation } = options;
    const given = options.originalAttributes || options.attributes;
    const attributes = given?.map((one) => (Array.isArray(one) ? one[1] : one));
    const optionsOf = ({ _schema, _schemaDelimiter }) => ({
      isNewRecord: false,
      _schema,
      _schemaDelimiter,
      include,
      includeNames,
      includeMap,
      includeValidated: true,
      attributes: attributes?.slice(),
      raw: true,
    });
    const tree = new Tree(columns, rows.length, !!hasMultiAssociation);
    const root = tree.node(model, options, given, '', optionsOf);
    // A column outside the tree belongs to something that is not known here.
    if (!root || tree.used !== tree.paths.size) return undefined;
    return hasMultiAssociation ? grouped(root, rows) : rows.map((row) => instanceOfRow(root, row));
  };
};
