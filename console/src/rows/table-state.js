// The filters, the order and the page of a table. The URL holds them, so that a user can keep it and send it to others.

import { allOf, filterCondition, identifier } from '../sql-text.js';

export const PAGE_SIZES = [50, 100, 500];

function parsed(text, fallback) {
  try {
    return JSON.parse(text) ?? fallback;
  } catch {
    return fallback;
  }
}

/** @returns {{ where: string, filters: Map<string, string>, order: [string, 'ASC' | 'DESC'][], page: number, size: number }} */
export function stateOf(params) {
  const filters = parsed(params.get('filters'), {});
  const order = parsed(params.get('order'), []);
  const size = Number(params.get('size'));
  return {
    where: params.get('where') ?? '',
    // A map, because a column may have the name of something that every object has, like `constructor`.
    filters: new Map(Array.isArray(filters) ? [] : Object.entries(filters).map(([name, text]) => [name, String(text)])),
    order: Array.isArray(order) ? order.filter((item) => Array.isArray(item) && typeof item[0] === 'string') : [],
    page: Math.max(1, Math.trunc(Number(params.get('page'))) || 1),
    size: PAGE_SIZES.includes(size) ? size : PAGE_SIZES[1],
  };
}

/** The query parameters of a state. */
export function paramsOf({ where, filters, order, page, size }) {
  const given = [...filters].filter(([, text]) => text.trim() !== '');
  return {
    where,
    filters: given.length > 0 ? JSON.stringify(Object.fromEntries(given)) : undefined,
    order: order.length > 0 ? JSON.stringify(order) : undefined,
    page: page > 1 ? String(page) : undefined,
    size: size === PAGE_SIZES[1] ? undefined : String(size),
  };
}

/** The condition of a state, for the columns of the table. */
export function conditionOf({ where, filters }, columns) {
  const ofColumns = columns.map((column) => filterCondition(column, filters.get(column.name) ?? ''));
  return allOf([where, ...ofColumns]);
}

/** The order of a state. The key comes last, so that rows do not change places between pages. */
export function orderOf({ order }, schema) {
  const chosen = order.filter(([name]) => schema.columns.some((column) => column.name === name));
  const rest = rowKey(schema).filter((name) => !chosen.some(([chosen]) => chosen === name));
  const terms = [
    ...chosen.map(([name, direction]) => `${identifier(name)} ${direction === 'DESC' ? 'DESC' : 'ASC'}`),
    ...rest.map(identifier),
  ];
  return terms.length > 0 ? terms.join(', ') : undefined;
}

/** The order after a click on a column: ascending, then descending, then none. `adds` keeps the others. */
export function nextOrder(order, name, adds) {
  const direction = order.find(([ordered]) => ordered === name)?.[1];
  const next = { undefined: 'ASC', ASC: 'DESC' }[direction];
  const others = adds ? order.filter(([ordered]) => ordered !== name) : [];
  return next ? [...others, [name, next]] : others;
}

/** The columns that say which row a row is: the primary key, or a unique key without NULLs. Empty when there is none. */
export function rowKey(schema) {
  if (schema.primaryKey.length > 0) return schema.primaryKey;
  const isFilled = (name) => schema.columns.some((column) => column.name === name && !column.allowNull);
  const keys = [
    ...schema.constraints.filter(({ type }) => type === 'unique').map(({ columns }) => columns),
    ...schema.indexes
      .filter(({ unique, where }) => unique && where === undefined)
      .map(({ fields }) => fields.map(({ column }) => column)),
    ...schema.columns.filter(({ unique }) => unique).map(({ name }) => [name]),
  ];
  return keys.find((names) => names.every((name) => name !== undefined && isFilled(name))) ?? [];
}
