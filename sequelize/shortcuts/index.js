'use strict';

// Methods of Sequelize's models with a shorter way that does the same. They take the place of Sequelize's in its class
// `Model`, and hand each call that asks for more to the method that was there. Where `private-members.js` finds that a method
// is not as expected, it stays.

/** @param {object} lib the parts of one copy of Sequelize */
function takeShortcuts(lib) {
  const { privateMembers, instanceClassOf } = lib;
  const replace = ({ statics = {}, methods = {} }) => {
    Object.assign(lib.Model, statics);
    Object.assign(lib.Model.prototype, methods);
  };
  if (privateMembers.canBuildInstances) {
    const shortcut = require('./build.js')(lib);
    replace(shortcut);
    instanceClassOf.replaceBuild(shortcut.statics.build);
  }
  if (privateMembers.canFindDirectly) replace(require('./finders.js')(lib));
  if (privateMembers.canCountDirectly) replace(require('./count.js')(lib));
  if (privateMembers.canSaveDirectly) replace(require('./save.js')(lib));
  if (privateMembers.canUpdateDirectly) replace(require('./update.js')(lib));
  if (privateMembers.canCreateManyDirectly) replace(require('./bulk-create.js')(lib));
  if (privateMembers.canUpsertDirectly) replace(require('./upsert.js')(lib));
}

module.exports = { takeShortcuts };
