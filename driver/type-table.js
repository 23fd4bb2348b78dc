'use strict';

// The table of data types. The addon has it; it is read once, when this file is loaded.

const { dataTypes } = require('./native.js');

/** @type {{ types: { name: string, wire: string, bits: number, sequelize: string[], describedAs: string | null }[], wireTypes: string[] }} */
const { types, wireTypes } = JSON.parse(dataTypes());
const byName = new Map(types.map((type) => [type.name, type]));

/** The entry of a type by its name in PhantomDB SQL, without arguments. */
const typeNamed = (name) => byName.get(name);

module.exports = { types, wireTypes, typeNamed };
