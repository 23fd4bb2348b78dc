'use strict';

// Instances that are built from rows without Sequelize's constructor (`sequelize/instances/`), compared property by property
// with those that Sequelize builds of the same rows.

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const { PhantomDBDialect } = require('..');
const { described } = require('./helpers/described.js');
const { lib } = require('./helpers/sequelize.js');

const { DataTypes, Model, Op, Sequelize, col, fn, literal } = lib;

let sequelize;
let models;

const isShared = (value) =>
  value === sequelize || value instanceof Sequelize.Association || value instanceof DataTypes.ABSTRACT;

/** How many instances Sequelize's constructor has made. It reads this property of each instance's class. */
let constructed = 0;
Object.defineProperty(Model, '_overwrittenAttributesChecked', { get: () => ++constructed, set() {} });

/** The answers of a finder: ours, and that of Sequelize alone. */
async function bothWays(find) {
  await find();
  constructed = 0;
  const ours = await find();
  const built = constructed;
  // A spy in the place of a method is called, and Sequelize's own methods around it build the instances.
  const spy = jest.spyOn(sequelize.dialect.Query.prototype, 'handleSelectQuery');
  constructed = 0;
  const theirs = await find();
  expect(spy).toHaveBeenCalled();
  spy.mockRestore();
  return { ours, theirs, built, builtBySequelize: constructed };
}

async function expectSame(find) {
  const answers = await bothWays(find);
  const { ours, theirs } = answers;
  expect(described(ours, isShared)).toEqual(described(theirs, isShared));
  const plain = (found) => JSON.stringify(found);
  expect(plain(ours)).toBe(plain(theirs));
  for (const [i, instance] of [].concat(ours).entries()) {
    if (!(instance instanceof Model)) continue;
    const their = [].concat(theirs)[i];
    expect(instance.changed()).toEqual(their.changed());
    expect(instance.get({ plain: true })).toEqual(their.get({ plain: true }));
    expect(instance.previous()).toEqual(their.previous());
    expect(instance.constructor).toBe(their.constructor);
  }
  return answers;
}

const WHEN = new Date('2024-02-29T13:14:15.678Z');

async function defineModels() {
  const User = sequelize.define(
    'User',
    {
      firstName: { type: DataTypes.STRING, field: 'first_name' },
      age: { type: DataTypes.INTEGER, defaultValue: 18 },
      isActive: { type: DataTypes.BOOLEAN, defaultValue: true },
      score: DataTypes.DECIMAL(10, 2),
      ratio: DataTypes.DOUBLE,
      born: DataTypes.DATEONLY,
      seen: DataTypes.DATE,
      settings: DataTypes.JSON,
      photo: DataTypes.BLOB,
      initial: {
        type: new DataTypes.VIRTUAL(DataTypes.STRING, ['firstName']),
        get() {
          return this.firstName?.[0];
        },
      },
      note: { type: DataTypes.VIRTUAL },
    },
    {
      paranoid: true,
      version: true,
      defaultScope: { where: { age: { [Op.gt]: 0 } } },
      scopes: { young: { where: { age: { [Op.lt]: 20 } }, attributes: ['id', 'age'] } },
    },
  );
  const Plain = sequelize.define('Plain', { text: DataTypes.TEXT, count: DataTypes.BIGINT }, { timestamps: false });
  const Keyless = sequelize.define('Keyless', { name: DataTypes.STRING }, { timestamps: false });
  Keyless.removeAttribute('id');
  const Upper = sequelize.define('Upper', {
    name: {
      type: DataTypes.STRING,
      get() {
        return this.getDataValue('name')?.toUpperCase();
      },
      set(value) {
        this.setDataValue('name', `set ${value}`);
      },
    },
  });
  class Task extends Model {
    get summary() {
      return `${this.title}!`;
    }

    copy() {
      return new this.constructor(this.get());
    }
  }
  Task.init({ title: DataTypes.STRING, done: DataTypes.BOOLEAN }, { sequelize, modelName: 'Task', underscored: true });
  const Step = sequelize.define('Step', { text: DataTypes.STRING }, { timestamps: false });
  const Tag = sequelize.define('Tag', { name: { type: DataTypes.STRING, primaryKey: true } }, { timestamps: false });
  const TaskTag = sequelize.define('TaskTag', { weight: DataTypes.INTEGER, since: DataTypes.DATE });
  const Double = sequelize.define(
    'Double',
    { left: { type: DataTypes.INTEGER, primaryKey: true }, right: { type: DataTypes.INTEGER, primaryKey: true } },
    { timestamps: false },
  );
  const Moment = sequelize.define('Moment', { at: { type: DataTypes.DATE, primaryKey: true } }, { timestamps: false });
  User.hasMany(Task, { as: 'tasks', foreignKey: 'userId' });
  Task.belongsTo(User, { as: 'owner', foreignKey: 'userId' });
  Task.hasMany(Step, { as: 'steps' });
  Step.belongsTo(Task);
  Task.belongsToMany(Tag, { through: TaskTag });
  Tag.belongsToMany(Task, { through: TaskTag });
  User.hasOne(Plain, { as: 'plain', foreignKey: 'userId' });
  User.hasMany(Double, { as: 'doubles', foreignKey: 'userId' });
  User.hasMany(Moment, { as: 'moments', foreignKey: 'userId' });
  User.hasMany(User, { as: 'friends', foreignKey: 'friendId' });
  await sequelize.sync();
  const [Young, Unscoped] = [User.scope('young'), User.unscoped()];
  return { User, Young, Unscoped, Plain, Keyless, Upper, Task, Step, Tag, TaskTag, Double, Moment };
}

async function fill({ User, Plain, Keyless, Upper, Task, Step, Tag, Double, Moment }) {
  const users = await User.bulkCreate(
    ['Ada', 'Grace', 'Alan', null].map((firstName, i) => ({
      firstName,
      age: 15 + 5 * i,
      isActive: i === 3 ? null : i % 2 === 0,
      score: `${i}.25`,
      ratio: i / 3,
      born: '2000-02-29',
      seen: i === 3 ? null : new Date(WHEN.getTime() + i),
      settings: { theme: `dark ${i}`, list: [1, { two: i }] },
      photo: Buffer.from([i, 255]),
      friendId: i > 1 ? 1 : null,
    })),
  );
  await users[2].update({ age: 70 });
  await Plain.bulkCreate([
    { text: 'one', count: 1, userId: 1 },
    { text: 'two', count: '9007199254740993', userId: 2 },
  ]);
  await Keyless.bulkCreate([{ name: 'a' }, { name: 'a' }]);
  await Upper.bulkCreate([{ name: 'ada' }, { name: null }]);
  await Task.bulkCreate([1, 1, 2, 1, 2, null].map((userId, i) => ({ userId, title: `Task ${i}`, done: i % 2 === 0 })));
  await Step.bulkCreate(Array.from({ length: 60 }, (_, i) => ({ text: `Step ${i}`, TaskId: 1 + ((i * 7) % 5) })));
  await Tag.bulkCreate(['red', 'green', 'constructor', '1'].map((name) => ({ name })));
  for (const [i, task] of (await Task.findAll()).entries()) {
    await task.addTags(['red', 'green', 'constructor', '1'].slice(i % 3), { through: { weight: i, since: WHEN } });
  }
  await Double.bulkCreate([
    { left: 1, right: 11, userId: 1 },
    { left: 11, right: 1, userId: 1 },
    { left: 2, right: 2, userId: 2 },
  ]);
  await Moment.bulkCreate([
    { at: WHEN, userId: 1 },
    { at: new Date(WHEN.getTime() + 1), userId: 1 },
  ]);
}

beforeAll(async () => {
  const dialect = new PhantomDBDialect('memory:');
  sequelize = new Sequelize('instances', null, null, { dialect, logging: false });
  models = await defineModels();
  await fill(models);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => sequelize.close());

/** By what they are about: finders whose instances are built here. */
const BUILT = {
  'all of a model': ({ User }) => User.findAll(),
  'none of a model': ({ User }) => User.findAll({ where: { age: 1000 } }),
  'one by its primary key': ({ User }) => User.findByPk(2),
  'one that is not there': ({ User }) => User.findByPk(99),
  'the first of several': ({ User }) => User.findOne({ order: ['age'] }),
  'some attributes': ({ User }) => User.findAll({ attributes: ['age', 'firstName', 'age'] }),
  'all attributes but one': ({ User }) => User.findAll({ attributes: { exclude: ['age'] } }),
  'renamed attributes': ({ User }) =>
    User.findAll({ attributes: [['age', 'years'], 'id', ['first_name', 'isActive']] }),
  'a computed attribute': ({ User }) =>
    User.findAll({ attributes: { include: [[fn('upper', col('first_name')), 'loud']] } }),
  'a virtual attribute that is selected': ({ User }) =>
    User.findAll({ attributes: ['id', [literal('age + 1'), 'note']] }),
  'a virtual attribute with its fields': ({ User }) => User.findAll({ attributes: ['initial'] }),
  groups: ({ User }) =>
    User.findAll({
      attributes: ['isActive', [fn('count', col('id')), 'number']],
      group: ['isActive'],
      order: ['isActive'],
    }),
  'a scope': ({ Young }) => Young.findAll(),
  'no scope': ({ Unscoped }) => Unscoped.findAll(),
  'destroyed rows too': ({ User }) => User.findAll({ paranoid: false }),
  'a model without dates and booleans': ({ Plain }) => Plain.findAll(),
  'a model without a primary key': ({ Keyless }) => Keyless.findAll(),
  'a model with a getter and a setter': ({ Upper }) => Upper.findAll(),
  'a class with methods': ({ Task }) => Task.findAll(),
  'many rows': ({ Step }) => Step.findAll(),
  'a count beside the rows': ({ User }) => User.findAndCountAll({ limit: 2 }).then(({ rows }) => rows),
  hasMany: ({ User }) => User.findAll({ include: 'tasks' }),
  'hasMany of one row': ({ User }) => User.findByPk(1, { include: 'tasks' }),
  'hasMany that must be there': ({ User }) => User.findAll({ include: { association: 'tasks', required: true } }),
  'hasMany with a condition': ({ User }) =>
    User.findAll({ include: { association: 'tasks', where: { done: true }, required: false } }),
  'hasMany with some attributes': ({ User, Task }) =>
    User.findAll({ include: { model: Task, as: 'tasks', attributes: ['title', ['done', 'finished']] } }),
  'hasMany without attributes': ({ User }) => User.findAll({ include: { association: 'tasks', attributes: [] } }),
  'hasMany in some order': ({ User }) => User.findAll({ include: 'tasks', order: [['tasks', 'title', 'DESC']] }),
  'hasMany with a limit': ({ User }) => User.findAll({ include: 'tasks', limit: 2, order: ['id'] }),
  'a second hasMany': ({ User }) => User.findAll({ include: ['tasks', 'friends'] }),
  hasOne: ({ User }) => User.findAll({ include: 'plain' }),
  'hasOne of some attributes': ({ User }) =>
    User.findAll({ attributes: ['firstName'], include: { association: 'plain', attributes: ['text'] } }),
  belongsTo: ({ Task }) => Task.findAll({ include: 'owner' }),
  'belongsTo and hasMany': ({ Task }) => Task.findAll({ include: ['owner', 'steps'] }),
  'three levels': ({ User }) =>
    User.findAll({
      include: [{ association: 'tasks', include: ['steps', { association: 'owner', include: ['plain'] }] }, 'plain'],
    }),
  'three single levels': ({ Step, Task }) =>
    Step.findAll({ include: { model: Task, include: { association: 'owner', include: 'plain' } } }),
  belongsToMany: ({ Task, Tag }) => Task.findAll({ include: Tag }),
  'belongsToMany without the table between': ({ Task, Tag }) =>
    Task.findAll({ include: { model: Tag, through: { attributes: [] } } }),
  'belongsToMany with one of its columns': ({ Task, Tag }) =>
    Task.findAll({ include: { model: Tag, through: { attributes: ['weight'] } } }),
  'belongsToMany below hasMany': ({ User, Tag }) =>
    User.findAll({ include: { association: 'tasks', include: [Tag, 'steps'] } }),
  'all includes': ({ Step }) => Step.findAll({ include: { all: true, nested: false } }),
  'a separate include': ({ User }) => User.findAll({ include: { association: 'tasks', separate: true } }),
  'a separate include beside another': ({ User }) =>
    User.findAll({ include: [{ association: 'tasks', separate: true, include: ['steps'] }, 'plain'] }),
  'an include with a scope': ({ Task, Young }) => Task.findAll({ include: { model: Young, as: 'owner' } }),
  'a key of two columns': ({ User }) => User.findAll({ include: 'doubles' }),
  'the getter of an association': async ({ User }) => (await User.findByPk(1)).getTasks({ include: ['steps'] }),
  'the getter of a belongsToMany': async ({ Task }) => (await Task.findByPk(1)).getTags(),
};

/** Finders whose rows or instances Sequelize itself makes, or that have none. */
const OTHERS = {
  'raw rows': ({ User }) => User.findAll({ raw: true }),
  'a raw row': ({ User }) => User.findOne({ raw: true, where: { id: 1 } }),
  'no raw row': ({ User }) => User.findOne({ raw: true, where: { id: 99 } }),
  'raw rows of an include': ({ User }) => User.findAll({ raw: true, include: 'tasks' }),
  'nested rows': ({ User }) => User.findAll({ raw: true, nest: true, include: ['tasks', 'plain'] }),
  'rows of a statement': () => sequelize.query('SELECT 1 AS one, NULL AS none', { type: 'SELECT' }),
  'instances of a statement': ({ User }) =>
    sequelize.query('SELECT * FROM "Users"', { model: User, mapToModel: true, type: 'SELECT' }),
  'instances of a statement that renames nothing': ({ Plain }) =>
    sequelize.query('SELECT * FROM "Plains"', { model: Plain, type: 'SELECT' }),
  'a key that is a date': ({ User }) => User.findAll({ include: 'moments' }),
  'an attribute without an alias': ({ User }) => User.findAll({ attributes: ['id', literal('age')] }),
  'an instance that is read again': async ({ User }) => (await User.findByPk(1, { include: 'tasks' })).reload(),
  'an attribute with a dot': ({ User }) => User.findAll({ attributes: ['id', ['age', 'a.b']] }),
};

describe('instances are the same as those that Sequelize builds', () => {
  test.each(Object.keys(BUILT))('%s', async (name) => {
    const { built, builtBySequelize } = await expectSame(() => BUILT[name](models));
    // Sequelize sets the instances of a separate include once more.
    if (name.startsWith('a separate')) expect(built).toBeLessThan(builtBySequelize);
    else expect(built).toBe(0);
  });

  test.each(Object.keys(OTHERS))('%s', async (name) => {
    await expectSame(() => OTHERS[name](models));
  });
});

describe('Sequelize builds the instances itself', () => {
  const attributes = { name: DataTypes.STRING };
  const options = (modelName) => ({ sequelize, modelName, timestamps: false });

  /** The instances that Sequelize's constructor makes when a row of a model is found. */
  async function constructedBy(Class) {
    await Class.sync();
    await Class.create({ name: 'Ada' });
    const { theirs, built } = await expectSame(() => Class.findAll());
    expect(theirs).toHaveLength(1);
    return built;
  }

  test('when a class has a constructor', async () => {
    const made = jest.fn();
    class Watched extends Model {
      constructor(...args) {
        super(...args);
        made();
      }
    }
    class Child extends Watched {}
    expect(await constructedBy(Child.init(attributes, options('Child')))).toBe(1);
    expect(made).toHaveBeenCalled();
  });

  test('when a class has fields', async () => {
    class WithField extends Model {
      seen = [];
    }
    expect(await constructedBy(WithField.init(attributes, options('WithField')))).toBe(1);
    expect((await WithField.findOne()).seen).toEqual([]);
  });

  test('when a class has private members', async () => {
    class Secret extends Model {
      #secret = 7;

      get secret() {
        return this.#secret;
      }
    }
    expect(await constructedBy(Secret.init(attributes, options('Secret')))).toBe(1);
    expect((await Secret.findOne()).secret).toBe(7);
  });

  test('when a class is behind a proxy', async () => {
    const made = jest.fn();
    class Inner extends Model {}
    const Outer = new Proxy(Inner, {
      construct(target, args, newTarget) {
        made();
        return Reflect.construct(target, args, newTarget);
      },
    });
    expect(await constructedBy(Outer.init(attributes, options('Outer')))).toBe(1);
    expect(made).toHaveBeenCalled();
  });

  test.each(['set', '_initValues'])('when a class has a method %s of its own', async (method) => {
    const name = `Own${method}`;
    const Class = sequelize.define(name, attributes, { timestamps: false });
    const call = jest.fn();
    Class.prototype[method] = function own(...args) {
      call();
      return Model.prototype[method].apply(this, args);
    };
    expect(await constructedBy(Class)).toBe(1);
    call.mockClear();
    await Class.findAll();
    expect(call).toHaveBeenCalled();
  });

  test.each(['build', 'bulkBuild'])('while %s is watched', async (method) => {
    const spy = jest.spyOn(models.User, method);
    const [{ id }] = await models.User.findAll({ limit: 1 });
    expect(id).toBe(1);
    expect(spy).toHaveBeenCalled();
  });

  test('when an include is of such a class', async () => {
    class Part extends Model {
      seen = true;
    }
    Part.init(attributes, options('Part'));
    const Whole = sequelize.define('Whole', attributes, { timestamps: false });
    Whole.hasMany(Part);
    await sequelize.sync();
    await Whole.create({ name: 'all', Parts: [{ name: 'one' }, { name: 'two' }] }, { include: Part });
    const { theirs } = await expectSame(() => Whole.findAll({ include: Part }));
    expect(theirs[0].Parts.map(({ name, seen }) => [name, seen])).toEqual([
      ['one', true],
      ['two', true],
    ]);
  });

  test('when a data type changes values in its own way', async () => {
    class SHOUTED extends DataTypes.ABSTRACT {
      toSql() {
        return 'TEXT';
      }
      _sanitize(value) {
        return `${value}!`;
      }
    }
    SHOUTED.key = SHOUTED.prototype.key = 'SHOUTED';
    const Shouted = sequelize.define('Shouted', { name: new SHOUTED() }, { timestamps: false });
    expect(await constructedBy(Shouted)).toBe(1);
    expect((await Shouted.findOne()).name).toMatch(/!$/);
  });

  test('when an attribute has the name of a property of instances', async () => {
    const Odd = sequelize.define('Odd', { ...attributes, isNewRecord: DataTypes.BOOLEAN }, { timestamps: false });
    expect(await constructedBy(Odd)).toBe(1);
  });

  test('when an attribute is added later', async () => {
    const Later = sequelize.define('Later', attributes, { timestamps: false });
    expect(await constructedBy(Later)).toBe(0);
    Later.rawAttributes._options = { type: DataTypes.STRING };
    Later.refreshAttributes();
    const spy = jest.spyOn(Later, '_conformIncludes');
    await Later.findAll({ attributes: ['name'] });
    // A finder calls it, and then `bulkBuild`.
    expect(spy.mock.calls.length).toBeGreaterThan(1);
  });
});

test('objects are made where no code may be generated', () => {
  const program = `
    const { Sequelize, DataTypes } = require('sequelize');
    const { PhantomDBDialect } = require(${JSON.stringify(path.join(__dirname, '..'))});
    const sequelize = new Sequelize('safe', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
    const User = sequelize.define('User', { name: DataTypes.STRING }, { timestamps: false });
    (async () => {
      await User.sync();
      await User.bulkCreate(Array.from({ length: 100 }, (_, i) => ({ name: 'User ' + i })));
      const users = await User.findAll();
      console.log(users.length, JSON.stringify(users[99]));
      await sequelize.close();
    })();`;
  const args = ['--disallow-code-generation-from-strings', '-e', program];
  const answer = execFileSync(process.execPath, args, { cwd: path.join(__dirname, '..'), encoding: 'utf8' });
  expect(answer.trim()).toBe('100 {"id":100,"name":"User 99"}');
});
