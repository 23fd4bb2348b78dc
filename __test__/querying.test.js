// Runs the JavaScript of docs/querying.md and compares the statements printed there.
// PHANTOMDB_WRITE_DOCS=1 writes them anew.

const fs = require('node:fs');
const path = require('node:path');

const { Sequelize, DataTypes, Op, QueryTypes } = require('sequelize');
const { PhantomDBDialect } = require('..');

const file = path.join(__dirname, '../docs/querying.md');
const page = fs.readFileSync(file, 'utf8');
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

const setup = /^```js setup\n([\s\S]*?)^```$/m.exec(page)[1];
const BLOCK = /^```js\n([\s\S]*?)^```\n\n```sql\n([\s\S]*?)^```$/gm;
const blocks = [...page.matchAll(BLOCK)].map(([, code, sql], index) => ({
  title: code.split('\n')[0],
  code,
  sql,
  index,
}));

describe('docs/querying.md', () => {
  const logged = [];
  const sequelize = new Sequelize('querying', null, null, {
    dialect: new PhantomDBDialect('memory:'),
    logging: (text) => logged.push(text.replace(/^Executing \([^)]*\): /, '')),
  });
  const { fn, col, cast, literal } = Sequelize;
  const scope = { sequelize, DataTypes, Op, QueryTypes, fn, col, cast, literal };
  const written = [];

  const run = (code, names) => new AsyncFunction(...Object.keys(names), code)(...Object.values(names));

  beforeAll(async () => {
    const models = [...setup.matchAll(/^const (\w+) =/gm)].map(([, name]) => name);
    Object.assign(scope, await run(`${setup}\nreturn { ${models.join(', ')} };`, scope));
  });

  afterAll(async () => {
    await sequelize.close();
    if (process.env.PHANTOMDB_WRITE_DOCS) {
      let index = 0;
      const fresh = page.replace(
        BLOCK,
        (_, code) => `\`\`\`js\n${code}\`\`\`\n\n\`\`\`sql\n${written[index++]}\n\`\`\``,
      );
      fs.writeFileSync(file, fresh);
    }
  });

  test.each(blocks)('$title', async ({ code, sql, index }) => {
    logged.length = 0;
    await run(code, scope);
    const statements = logged.join('\n');
    written[index] = statements;
    if (!process.env.PHANTOMDB_WRITE_DOCS) expect(statements).toBe(sql.trimEnd());
  });
});
