'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { DataTypes, Deferrable, Op, Sequelize } = require('sequelize');

const { PhantomDBDialect } = require('..');
const { startOverPostgres } = require('./helpers/engines.js');
const { Project } = require('./helpers/project.js');

jest.setTimeout(60_000);

const root = path.join(__dirname, '..');
/** Other suites may have databases on the same server. */
const OLD = `old_${process.pid}`;
const NEW = `new_${process.pid}`;
const id = { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true };
const refersTo = (model, key = 'id') => ({ type: DataTypes.INTEGER, references: { model, key } });

/** Every type, kind of key, default and index that a model can say. */
async function createTables(query) {
  const { sequelize } = query;
  await query.createTable('users', {
    id,
    name: { type: DataTypes.STRING(20), allowNull: false, defaultValue: "it's", comment: 'their `name`' },
    email: { type: DataTypes.STRING, unique: true },
    active: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
    role: { type: DataTypes.ENUM('admin', "it's"), defaultValue: 'admin' },
    bossId: { ...refersTo('users'), onDelete: 'SET NULL', onUpdate: 'CASCADE' },
    createdAt: { type: DataTypes.DATE, allowNull: false },
    updatedAt: { type: DataTypes.DATE, allowNull: false },
    deletedAt: DataTypes.DATE,
  });
  await query.createTable('everything', {
    key: { type: DataTypes.UUID, primaryKey: true },
    tiny: DataTypes.TINYINT,
    small: { type: DataTypes.SMALLINT, defaultValue: -3 },
    medium: DataTypes.MEDIUMINT,
    big: DataTypes.BIGINT,
    float: { type: DataTypes.FLOAT, defaultValue: 1.5 },
    real: DataTypes.REAL,
    double: DataTypes.DOUBLE,
    decimal: { type: DataTypes.DECIMAL(10, 2), defaultValue: '1.20' },
    char: { type: DataTypes.CHAR(5), defaultValue: '' },
    text: { type: DataTypes.TEXT, defaultValue: sequelize.literal("(lower('X'))") },
    citext: DataTypes.CITEXT,
    day: { type: DataTypes.DATEONLY, defaultValue: '2020-01-01' },
    time: DataTypes.TIME,
    blob: DataTypes.BLOB,
    json: { type: DataTypes.JSON, defaultValue: { a: [1] } },
    jsonb: DataTypes.JSONB,
    'odd name': { type: DataTypes.STRING, defaultValue: null },
    made: { type: DataTypes.DATE, defaultValue: sequelize.literal('CURRENT_TIMESTAMP') },
  });
  await query.createTable('groups', { id, title: DataTypes.STRING });
  await query.createTable('user_groups', {
    user_id: { ...refersTo('users'), primaryKey: true, onDelete: 'CASCADE' },
    group_id: { ...refersTo('groups'), primaryKey: true, onDelete: 'CASCADE' },
  });
  await query.createTable('profiles', { userId: { ...refersTo('users'), primaryKey: true }, bio: DataTypes.TEXT });
  await query.createTable('notes', {
    line: DataTypes.TEXT,
    email: { type: DataTypes.STRING, references: { model: 'users', key: 'email' } },
    authorId: {
      type: DataTypes.INTEGER,
      references: { model: 'users', key: 'id', deferrable: Deferrable.INITIALLY_DEFERRED },
    },
  });
  await query.addConstraint('users', { type: 'unique', name: 'named', fields: ['name', 'role'] });
  await query.addConstraint('users', {
    type: 'check',
    name: 'long',
    fields: ['name'],
    where: { name: { [Op.ne]: '' } },
  });
  await query.addIndex('users', ['role', { name: 'createdAt', order: 'DESC' }], { where: { active: true } });
  await query.addIndex('users', [sequelize.fn('lower', sequelize.col('email'))], { name: 'lowered', unique: true });
  await query.createSchema('crm');
  await query.createTable({ tableName: 'users', schema: 'crm' }, { id, 'user-name': DataTypes.STRING });
}

const inFiles = async () => ({ url: 'file:./data', stop: async () => {} });

describe.each([
  ['file:', inFiles],
  ['PostgreSQL', startOverPostgres],
])('phantomdb models at %s', (engineName, serve) => {
  let server;
  let project;
  let url;
  let dialect;
  let sequelize;

  beforeAll(async () => {
    server = await serve();
    project = new Project();
    url = server.url.replace('file:.', `file:${project.directory}`);
    dialect = new PhantomDBDialect(url);
    sequelize = new Sequelize(OLD, null, null, { dialect, logging: false });
    await createTables(sequelize.getQueryInterface());
  });
  afterAll(async () => {
    await dialect.dropDatabase(OLD);
    await dialect.dropDatabase(NEW);
    await sequelize.close();
    await server.stop();
    project.remove();
  });

  const models = (...args) => project.run([path.join(root, 'bin', 'phantomdb.js'), 'models', '--url', url, ...args]);

  test('are written for each table, and what they sync is described as the table was', async () => {
    expect(await models('--database', OLD)).toEqual({ code: 0, output: 'Wrote 8 files to ./models.\n' });
    const names = ['Everything.js', 'Group.js', 'Note.js', 'Profile.js', 'User.js', 'UserGroup.js', 'Users.js'];
    expect(fs.readdirSync(project.at('models'))).toEqual([...names, 'init-models.js']);

    const copy = new Sequelize(NEW, null, null, { dialect, logging: false });
    const made = require(project.at('models', 'init-models.js'))(copy);
    await copy.createSchema('crm');
    await copy.sync();
    const tables = await dialect.listTables(OLD);
    expect(await dialect.listTables(NEW)).toEqual(tables);
    for (const { name, schema } of tables) {
      const describe = (db) => db.getQueryInterface().describeTable({ tableName: name, schema });
      expect(await describe(copy)).toEqual(await describe(sequelize));
      expect(await withoutChecks(NEW, name, schema)).toEqual(await withoutChecks(OLD, name, schema));
    }
    expect(fs.readFileSync(project.at('models', 'User.js'), 'utf8')).toContain(`CHECK long: "name" <> ''`);
    await useAssociations(made);
    await copy.close();
  });

  async function withoutChecks(database, tableName, schema) {
    const described = await dialect.describeTable(database, { tableName, schema });
    const byName = (one, other) => one.name.localeCompare(other.name);
    return {
      ...described,
      constraints: described.constraints.filter(({ type }) => type !== 'check').sort(byName),
      indexes: described.indexes.sort(byName),
    };
  }

  async function useAssociations({ Group, Profile, User, Note }) {
    const boss = await User.create({ name: 'Ada', email: 'ada@example.com' });
    const user = await User.create({ name: 'Bob', bossId: boss.id, email: 'bob@example.com' });
    await user.addGroup(await Group.create({ title: 'admins' }));
    await Profile.create({ userId: user.id, bio: 'Hi' });
    await Note.create({ line: 'x', email: 'ada@example.com', authorId: user.id });
    const found = await User.findOne({
      where: { name: 'Bob' },
      include: ['boss', 'groups', 'profile', { association: 'notesByAuthor', include: ['emailUser'] }],
    });
    expect(found.toJSON()).toMatchObject({
      boss: { name: 'Ada' },
      groups: [{ title: 'admins' }],
      profile: { bio: 'Hi' },
      notesByAuthor: [{ line: 'x', emailUser: { name: 'Ada' } }],
    });
    await found.destroy();
    expect(await User.count({ paranoid: false })).toBe(2);
  }

  // What is written does not depend on who described it.
  if (engineName === 'file:') {
    test('in TypeScript are accepted by the compiler', async () => {
      expect((await models('--database', OLD, '--lang', 'ts', '--output', 'typed')).code).toBe(0);
      const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const args = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--module', 'commonjs'];
      fs.symlinkSync(path.join(root, 'node_modules', '@types'), project.at('node_modules', '@types'));
      const types = ['--types', 'node', '--typeRoots', path.join(root, 'node_modules', '@types')];
      const { stdout, status } = spawnSync(process.execPath, [tsc, ...args, ...types, 'typed/init-models.ts'], {
        cwd: project.directory,
        encoding: 'utf8',
      });
      expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
    });
  }

  if (engineName === 'file:') {
    test('are ECMAScript modules on demand, and where package.json says so', async () => {
      const written = (folder) => fs.readFileSync(project.at(folder, 'init-models.js'), 'utf8');
      expect((await models('--database', OLD, '--output', 'esm', '--esm')).code).toBe(0);
      project.write({ 'package.json': '{ "type": "module" }' });
      expect((await models('--database', OLD, '--output', 'found')).code).toBe(0);
      expect(written('found')).toBe(written('esm'));
      const script = `
        import { Sequelize } from 'sequelize';
        import initModels from './found/init-models.js';
        console.log(Object.keys(initModels(new Sequelize('phantomdb+memory:///app'))).includes('User'));`;
      project.write({ 'app.js': `import 'phantomdb-sequelize';\n${script}` });
      expect(await project.run(['app.js'])).toEqual({ code: 0, output: 'true\n' });
      expect((await models('--database', OLD, '--lang', 'ts', '--output', 'typed-esm')).code).toBe(0);
      const init = fs.readFileSync(project.at('typed-esm', 'init-models.ts'), 'utf8');
      expect(init).toContain("from './User.js';");
      fs.rmSync(project.at('package.json'));
    });
  }

  test('overwrite no file unless they are told to, and are of the tables that are named', async () => {
    const only = ['--database', OLD, '--output', 'some', '--table', 'groups'];
    expect((await models(...only)).code).toBe(0);
    expect(fs.readdirSync(project.at('some'))).toEqual(['Group.js', 'init-models.js']);
    expect(fs.readFileSync(project.at('some', 'init-models.js'), 'utf8')).not.toContain('\n\n\n');
    expect(await models(...only)).toEqual({
      code: 1,
      output: 'In some there is Group.js, init-models.js already; --force overwrites.\n',
    });
    expect((await models(...only, '--force')).code).toBe(0);
  });

  test('are not written of a database that is not there, which is not made either', async () => {
    expect(await models('--database', 'nothing')).toMatchObject({
      code: 1,
      output: expect.stringContaining('nothing'),
    });
    expect(await dialect.listDatabases()).not.toContain('nothing');
  });

  test('say how they are asked for', async () => {
    expect(await models()).toMatchObject({ code: 2, output: expect.stringContaining('--database is missing.') });
    expect(await models('--help')).toMatchObject({
      code: 0,
      output: expect.stringContaining('Usage: phantomdb models'),
    });
  });
});
