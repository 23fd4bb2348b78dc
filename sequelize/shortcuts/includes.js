'use strict';

// The includes of a finder or a count, made ready as Sequelize does it, without the copies of each that it makes for scopes.

/** Turns what options include into objects. Of the same include twice, one is left. */
function conformIncludes(Model, options) {
  Model._conformIncludes(options, Model);
  if (!options.include) return;
  const names = options.include.map(({ model, as }) => `${model?.name}-${as}`);
  if (new Set(names).size < names.length) Model._uniqIncludes(options);
  Model._expandIncludeAll(options);
}

/** True when an include, or one below it, is found by a finder of its own. */
const hasSeparate = ({ include }) => !!include && include.some((one) => one.separate || hasSeparate(one));

module.exports = { conformIncludes, hasSeparate };
