'use strict';

// Which models have instances that can be built without Sequelize's constructor, and how. Sequelize copies the options and
// the values of each instance several times, and sets each attribute by itself, for the sake of setters, includes and data
// types; of rows that come from the database nothing of that changes the outcome.
//
// The constructor is left out only where nobody can tell: the class has no constructor and no fields of its own, and the
// methods that the constructor calls are Sequelize's. Otherwise Sequelize builds the instances.

/** The properties that Sequelize's constructor gives an instance, in their order. */
const PROPERTIES = ['dataValues', '_previousDataValues', 'uniqno', '_changed', '_options', 'isNewRecord'];

/** A constructor or a private name in the text of a class. Where it only looks like one, Sequelize builds the instances. */
const OWN_CONSTRUCTION = /(?<!\.\s*)\bconstructor\b|#/;

/** The text of a class that `scope` makes for each use of a scope. */
const EMPTY_CLASS = /^class extends \w+ \{\s*\}$/;

const textOf = Function.prototype.toString;

/** A constructor of instances whose class is `Model`. */
function instanceClass(Model) {
  function Instance(dataValues, previousDataValues, options) {
    this.dataValues = dataValues;
    this._previousDataValues = previousDataValues;
    this.uniqno = 1;
    this._changed = new Set();
    this._options = options;
    this.isNewRecord = false;
  }
  Instance.prototype = Model.prototype;
  return Instance;
}

module.exports = ({ Model: Base, privateMembers }) => {
  const { set, changed, _initValues, _setInclude } = Base.prototype;
  const { bulkBuild } = Base;
  let { build } = Base;

  /** By model: the attributes that it was examined with, and the constructor of its instances if there may be one. */
  const examined = new WeakMap();

  function hasMethodsOfSequelize(Model) {
    const { prototype } = Model;
    return (
      prototype.set === set &&
      prototype.changed === changed &&
      prototype._initValues === _initValues &&
      prototype._setInclude === _setInclude &&
      Model.build === build &&
      Model.bulkBuild === bulkBuild
    );
  }

  /** True when each class between the model and Sequelize's leaves the construction to the one above it. */
  function isWithoutConstructor(Model) {
    for (let one = Model; one !== Base; one = Object.getPrototypeOf(one)) {
      if (typeof one !== 'function') return false;
      const text = textOf.call(one);
      if (!/^class\b/.test(text) || OWN_CONSTRUCTION.test(text)) return false;
    }
    return true;
  }

  /** True when Sequelize's constructor gives an instance its own properties and no more. A class may have fields. */
  function hasPropertiesOfSequelize(Model) {
    if (PROPERTIES.some((name) => name in Model.prototype)) return false;
    // Sequelize warns about fields in the place of attributes when it makes the first instance; now it has made one.
    const properties = Reflect.ownKeys(Model.build({}, { isNewRecord: false, raw: true }));
    return properties.length === PROPERTIES.length && PROPERTIES.every((name, i) => name === properties[i]);
  }

  /** The class that a class of a scope extends, and has nothing but the scope in addition to. */
  function unscoped(Model) {
    const parent = Object.getPrototypeOf(Model);
    const isSame = parent !== Base && parent._attributeManipulation === Model._attributeManipulation;
    const isEmpty = EMPTY_CLASS.test(textOf.call(Model)) && Reflect.ownKeys(Model.prototype).length === 1;
    return isSame && isEmpty ? parent : undefined;
  }

  function isBuildable(Model) {
    const parent = unscoped(Model);
    if (parent) return examinedOf(parent).Instance !== undefined;
    return isWithoutConstructor(Model) && hasPropertiesOfSequelize(Model);
  }

  function examinedOf(Model) {
    const { _attributeManipulation: attributes } = Model;
    const known = examined.get(Model);
    if (known?.attributes === attributes) return known;
    const result = { attributes, Instance: isBuildable(Model) ? instanceClass(Model) : undefined };
    examined.set(Model, result);
    return result;
  }

  /**
   * The constructor of a model's instances that takes `dataValues`, `_previousDataValues` and `_options`.
   *
   * @param {Function} Model
   * @returns {Function | undefined} undefined when Sequelize must build them
   */
  function instanceClassOf(Model) {
    if (!privateMembers.canBuildInstances || !hasMethodsOfSequelize(Model)) return undefined;
    return examinedOf(Model).Instance;
  }

  /** Lets a shorter way that does the same take the place of `build`. */
  instanceClassOf.replaceBuild = (shorter) => {
    build = shorter;
  };
  return instanceClassOf;
};

module.exports.PROPERTIES = PROPERTIES;
