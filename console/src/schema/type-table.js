// Stands in for the driver's table of data types, which the driver reads from the addon. The console reads it from the server.

let byName = new Map();

export function setTypes(types) {
  byName = new Map(types.map((type) => [type.name, type]));
}

export const typeNamed = (name) => byName.get(name);
