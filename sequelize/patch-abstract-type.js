'use strict';

/**
 * Lets a class extend `DataTypes.ABSTRACT`, as Sequelize's guide on extending data types has it. Sequelize wraps its types so
 * that they can be called without `new`, and the wrapper makes what it wraps, never what extends it: an instance of such
 * a class would be an `ABSTRACT`, whose `toSql` is "ABSTRACT".
 *
 * @param {object} lib of a copy of Sequelize
 */
function makeExtendable({ DataTypes, Sequelize }) {
  const Abstract = DataTypes.ABSTRACT.prototype.constructor;
  const wrapped = new Proxy(Abstract, {
    apply: (_target, _this, args) => new Abstract(...args),
    construct: (_target, args, made) => Reflect.construct(Abstract, args, made),
  });
  DataTypes.ABSTRACT = wrapped;
  Sequelize.ABSTRACT = wrapped;
}

module.exports = { makeExtendable };
