// The statements that people save under a name. They are in a table of the database, where everybody who may read it finds
// them. A token that may not write there saves in the browser.

import { inTransaction, query } from '../api.js';
import { useLoaded, useStored } from '../hooks.js';
import { CONSOLE_TABLE, identifier, isConsoleTable } from '../sql-text.js';
import { placeOfSaved } from './saved-place.js';

const TABLE = identifier(CONSOLE_TABLE);

const CREATE = [
  `CREATE TABLE IF NOT EXISTS ${TABLE} ("name" VARCHAR(100) PRIMARY KEY, "text" TEXT NOT NULL, ` +
    '"saved_at" TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)',
  `COMMENT ON TABLE ${TABLE} IS 'Statements that were saved in the console of PhantomDB'`,
];

const LIST = `SELECT "name", "text" FROM ${TABLE} ORDER BY "name"`;

const SAVE =
  `INSERT INTO ${TABLE} ("name", "text") VALUES ($1, $2) ` +
  'ON CONFLICT ("name") DO UPDATE SET "text" = EXCLUDED."text", "saved_at" = CURRENT_TIMESTAMP';

const REMOVE = `DELETE FROM ${TABLE} WHERE "name" = $1`;

/** The saved statements of a database, those of the browser among them, and the calls that change them. */
export function useSavedQueries({ database, tables, rights, onSchemaChanged }) {
  const hasTable = tables.some(isConsoleTable);
  const [own, setOwn] = useStored(`phantomdb.saved.${database}`, []);
  const shared = useLoaded(
    async (signal) => (hasTable ? (await query(database, LIST, { signal })).rows : []),
    [database, hasTable],
  );
  const place = placeOfSaved(rights, hasTable);
  const list = [
    ...(shared.data ?? []).map(([name, text]) => ({ name, text, isInDatabase: true, canRemove: rights.canWrite })),
    ...own.map(({ name, text }) => ({ name, text, isInDatabase: false, canRemove: true })),
  ].sort((a, b) => a.name.localeCompare(b.name));

  return {
    list,
    place,
    error: shared.error,
    async save(name, text) {
      if (!place.isInDatabase) {
        setOwn((own) => [...own.filter((other) => other.name !== name), { name, text }]);
        return;
      }
      await inTransaction(database, {}, async (transaction) => {
        for (const statement of place.makesTable ? CREATE : []) await query(database, statement, { transaction });
        await query(database, SAVE, { parameters: [name, text], transaction });
      });
      if (place.makesTable) onSchemaChanged();
      else shared.reload();
    },
    async remove({ name, isInDatabase }) {
      if (!isInDatabase) {
        setOwn((own) => own.filter((other) => other.name !== name));
        return;
      }
      await query(database, REMOVE, { parameters: [name] });
      shared.reload();
    },
  };
}
