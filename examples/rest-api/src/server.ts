// A REST API with Express and TypeScript. Run it with:
//
//   npx tsc --project examples/rest-api && node examples/rest-api/dist/server.js
//   curl -s localhost:3000/users -H 'content-type: application/json' \
//     -d '{"name": "Ada", "email": "ada@example.com", "tasks": ["Write Note G"]}'
//   curl -s localhost:3000/users/1

import type { AddressInfo } from 'node:net';

import { app } from './app.js';
import { sequelize } from './database.js';

async function main() {
  // An application with data to keep makes its tables with migrations instead.
  await sequelize.sync();
  const server = app.listen(Number(process.env.PORT ?? 3000), () => {
    console.log(`listening on http://localhost:${(server.address() as AddressInfo).port}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => server.close(() => sequelize.close()));
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
