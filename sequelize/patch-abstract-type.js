'use strict';

/**
 * Makes it possible to extend `DataTypes.ABSTRACT`, as Sequelize's guide on extending data types does. Sequelize wraps its
 * types so that they can be called without `new`, but the wrapper always constructs the wrapped class and never a class
 * that extends it: an instance of a user's type would be an `ABSTRACT`, whose `toSql` is "ABSTRACT".
 *
 * @param {object} Sequelize the class of one copy of Sequelize
 */
function makeExtendable(Sequelize) {
  const { DataTypes } = Sequelize;
  const Abstract = DataTypes.ABSTRACT.prototype.constructor;
  const wrapped = new Proxy(Abstract, {
    apply: (_target, _this, args) => new Abstract(...args),
    construct: (_target, args, newTarget) => Reflect.construct(Abstract, args, newTarget),
  });
  DataTypes.ABSTRACT = wrapped;
  Sequelize.ABSTRACT = wrapped;
}

module.exports = { makeExtendable };
