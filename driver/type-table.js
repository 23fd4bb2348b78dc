'use strict';

// The table of data types, by name.

const contract = require('./contract.js');

/** @type {{ types: { name: string, wire: string, bits: number, sequelize: string[], describedAs: string | null }[], wireTypes: string[] }} */
const { types, wireTypes } = contract;
const byName = new Map(types.map((type) => [type.name, type]));

/** The entry of a type by its name in PhantomDB SQL, without arguments. */
const typeNamed = (name) => byName.get(name);

module.exports = { types, wireTypes, typeNamed };
