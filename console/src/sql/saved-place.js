import { CONSOLE_TABLE } from '../sql-text.js';

/**
 * Where a statement would be saved, and a sentence about it.
 * @returns {{ isInDatabase: boolean, makesTable?: boolean, note: string }}
 */
export function placeOfSaved({ canWrite, canChangeSchema }, hasTable) {
  if (hasTable && canWrite) return { isInDatabase: true, note: 'Everybody who may read this database can open it.' };
  if (hasTable) {
    return { isInDatabase: false, note: 'Your token may not write to this database, so this browser keeps it.' };
  }
  if (canWrite && canChangeSchema) {
    const note = `The first one makes the table ${CONSOLE_TABLE}. Everybody who may read this database can open it.`;
    return { isInDatabase: true, makesTable: true, note };
  }
  const note = `This database has no table ${CONSOLE_TABLE}, and your token may not make it, so this browser keeps it.`;
  return { isInDatabase: false, note };
}
