// Hints for a statement that failed: what its author may have meant, and where the console has what other programs do by a statement.

import { tableLabel } from '../sql-text.js';
import { written } from './written.js';

/** The most names in a list. */
const LISTED = 20;

const INSTEAD = [
  [
    /^(begin|start\s+transaction|commit|end|rollback|savepoint|release)\b/i,
    'Here each statement is a transaction of its own. The rows that you change in a table are saved together, in one.',
  ],
  [/^(show\s+tables\b|\.tables\b|\\dt)/i, 'The list beside this page has the tables, and Schema draws them.'],
  [
    /^(show\s+(create|columns|fields|index)|desc(ribe)?\b|\.(describe|schema|indexes)\b|pragma\b|\\d)/i,
    'Schema has the columns, keys and indexes of a table.',
  ],
  [/^(show\s+(databases|schemas)\b|use\b|\.(databases|use)\b|\\[lc])/i, 'The list at the top chooses the database.'],
];

/** The number of letters to change, add or leave out that makes one text the other; two that changed places count as one. */
function distance(one, other) {
  let before = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let a = 1; a <= one.length; a += 1) {
    const row = [a];
    for (let b = 1; b <= other.length; b += 1) {
      const isSame = one[a - 1] === other[b - 1];
      row[b] = Math.min(last[b] + 1, row[b - 1] + 1, last[b - 1] + (isSame ? 0 : 1));
      const isSwapped = a > 1 && b > 1 && one[a - 1] === other[b - 2] && one[a - 2] === other[b - 1];
      if (isSwapped) row[b] = Math.min(row[b], before[b - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[other.length];
}

/** The name that somebody meant: one that begins with it and needed quotes, or one that differs in a few letters. */
function nearest(name, names) {
  const lower = name.toLowerCase();
  const cut = names.find((other) => other.toLowerCase().startsWith(lower) && /^\W/.test(other.slice(name.length)));
  if (cut !== undefined) return cut;
  const near = names
    .map((other) => [distance(lower, other.toLowerCase()), other])
    .filter(([steps, other]) => steps <= Math.max(name.length, other.length) / 3)
    .sort(([one], [other]) => one - other);
  return near[0]?.[1];
}

function listed(names) {
  const shown = names.slice(0, LISTED).map(written).join(', ');
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}

function tableHint(name, schemas) {
  const names = schemas.map(({ table }) => table.name);
  if (names.length === 0) return undefined;
  const meant = nearest(name, names);
  return meant === undefined ? `There are ${listed(names)}.` : `Did you mean ${written(meant)}?`;
}

/** The tables whose names a text contains. */
export function mentioned(text, tables) {
  const lower = text.toLowerCase();
  return tables.filter(({ name }) => lower.includes(name.toLowerCase()));
}

function columnHint(name, statement, schemas) {
  const named = mentioned(
    statement,
    schemas.map(({ table }) => table),
  );
  const described = schemas.filter(({ table, columns }) => columns.length > 0 && named.includes(table));
  const namesOf = ({ columns }) => columns.map(({ name }) => name);
  const meant = nearest(name, described.flatMap(namesOf));
  if (meant !== undefined) return `Did you mean ${written(meant)}?`;
  const lists = described.map((schema) => `${tableLabel(schema.table)} has ${listed(namesOf(schema))}.`);
  return lists.length > 0 ? lists.join(' ') : undefined;
}

/**
 * The hint for an error of a statement; undefined for none.
 * @param {{ code: string, details: object }} error
 * @param {{ table: object, columns: object[] }[]} schemas the tables of the database
 */
export function hintOf(error, statement, schemas) {
  const instead = INSTEAD.find(([pattern]) => pattern.test(statement));
  if (instead) return instead[1];
  const { table, columns } = error.details ?? {};
  if (error.code === 'UNKNOWN_TABLE' && table) return tableHint(table, schemas);
  if (error.code === 'UNKNOWN_COLUMN' && columns?.length > 0) return columnHint(columns[0], statement, schemas);
  return undefined;
}
