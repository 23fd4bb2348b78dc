// The cases of ../suite/cases.js, written in Kysely. Kysely has no instances, so it has no case `findAll of 1,000 rows`.

import assert from 'node:assert/strict';

import { sql } from 'kysely';

import cases from '../suite/cases.js';
import data from '../suite/data.js';
import includes from '../suite/include-cases.js';

const { ROWS, assertUser, keys } = cases;
const { childOf, toyOf, userOf, wideOf, WIDE_COLUMNS } = data;
const { CHILDREN, PAGE, PARENTS, assertFamilies, numbers } = includes;

const MANY_ROWS = 10_000;
const CALLERS = 64;
const MODELS = 20;
const [GRAND_PARENTS, GRAND_CHILDREN, TOYS] = [20, 10, 5];
const SQL_TYPES = {
  STRING: 'varchar(255)',
  TEXT: 'text',
  INTEGER: 'integer',
  BIGINT: 'bigint',
  DOUBLE: 'double precision',
  BOOLEAN: 'boolean',
  DATEONLY: 'date',
};

/** Inserts rows of one shape, as many in a statement as its parameters allow, in one transaction. */
async function insertAll({ kysely, maxParameters, store }, table, rows) {
  const size = Math.floor(maxParameters / Object.keys(rows[0]).length);
  const stored = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, store(value)])),
  );
  return kysely.transaction().execute(async (transaction) => {
    const inserted = [];
    for (let from = 0; from < stored.length; from += size) {
      const values = stored.slice(from, from + size);
      inserted.push(...(await transaction.insertInto(table).values(values).returningAll().execute()));
    }
    return inserted;
  });
}

const createTable = ({ kysely, autoKey, types }, name) =>
  kysely.schema.createTable(name).addColumn('id', types.key, autoKey);

const timed = (world, values) => {
  const now = world.store(new Date());
  return { ...values, createdAt: now, updatedAt: now };
};

async function users(world, count) {
  await createTable(world, 'Users')
    .addColumn('name', 'varchar(255)')
    .addColumn('email', 'varchar(255)', (column) => column.unique())
    .addColumn('age', 'integer')
    .addColumn('createdAt', world.types.time)
    .addColumn('updatedAt', world.types.time)
    .execute();
  if (count > 0)
    await insertAll(
      world,
      'Users',
      numbers(count).map((id) => timed(world, userOf(id))),
    );
}

async function families(world, parents, width) {
  const table = (name, ...others) => {
    const time = world.types.time;
    const start = createTable(world, name)
      .addColumn('name', 'varchar(255)')
      .addColumn('createdAt', time)
      .addColumn('updatedAt', time);
    return others.reduce((all, other) => all.addColumn(other, 'integer'), start).execute();
  };
  await table('Parents');
  await table('Children', 'age', 'ParentId');
  await table('Toys', 'ChildId');
  // The subqueries of `parentsWithChildren` look for each parent's rows.
  await world.kysely.schema.createIndex('ChildrenOfParent').on('Children').column('ParentId').execute();
  await world.kysely.schema.createIndex('ToysOfChild').on('Toys').column('ChildId').execute();
  const fill = (name, count, of) =>
    insertAll(
      world,
      name,
      numbers(count).map((id) => timed(world, of(id))),
    );
  await fill('Parents', parents, (id) => ({ name: `Parent ${id}` }));
  await fill('Children', parents * width, (id) => childOf(id, parents));
  return fill;
}

const count = async (kysely, table) =>
  Number(
    (
      await kysely
        .selectFrom(table)
        .select((b) => b.fn.countAll().as('count'))
        .executeTakeFirstOrThrow()
    ).count,
  );

const byPk = (kysely, id) => kysely.selectFrom('Users').selectAll().where('id', '=', id).executeTakeFirst();

function emails() {
  let next = 0;
  return () => `ada${++next}@example.org`;
}

const newUser = (world, email) => timed(world, { name: 'Ada', email, age: 36 });

const WRITE_CASES = {
  async create(world) {
    const { kysely } = world;
    await users(world, 0);
    const email = emails();
    let made = 0;
    return {
      call() {
        made++;
        return kysely.insertInto('Users').values(newUser(world, email())).returningAll().executeTakeFirstOrThrow();
      },
      async check(user) {
        assert.equal(await count(kysely, 'Users'), made);
        assert.equal((await byPk(kysely, user.id)).email, user.email);
      },
    };
  },

  async update(world) {
    const { kysely } = world;
    await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    let age = 0;
    return {
      call() {
        last = key();
        const values = { age: ++age, updatedAt: world.store(new Date()) };
        return kysely.updateTable('Users').set(values).where('id', '=', last).executeTakeFirst();
      },
      async check({ numUpdatedRows }) {
        assert.equal(numUpdatedRows, 1n);
        assert.equal((await byPk(kysely, last)).age, age);
      },
    };
  },

  async 'bulkCreate of 10,000 rows of 9 columns'(world) {
    const { kysely } = world;
    const columns = Object.entries(WIDE_COLUMNS);
    const typeOf = (type) => sql.raw(type === 'DATE' ? world.types.time : SQL_TYPES[type]);
    await columns
      .reduce((table, [name, type]) => table.addColumn(name, typeOf(type)), createTable(world, 'Wides'))
      .execute();
    const rows = Array.from({ length: MANY_ROWS }, (_, i) => wideOf(i));
    return {
      call: () => insertAll(world, 'Wides', rows),
      between: () => kysely.deleteFrom('Wides').execute(),
      async check(inserted) {
        assert.equal(inserted.length, MANY_ROWS);
        assert.equal(await count(kysely, 'Wides'), MANY_ROWS);
        const row = await kysely.selectFrom('Wides').selectAll().where('whole', '=', 4321).executeTakeFirst();
        assert.equal(row.text, 'text 4321');
      },
    };
  },

  async 'transaction of create and update'(world) {
    const { kysely } = world;
    await users(world, 0);
    const email = emails();
    let made = 0;
    return {
      call() {
        made++;
        return kysely.transaction().execute(async (transaction) => {
          const values = newUser(world, email());
          const user = await transaction.insertInto('Users').values(values).returningAll().executeTakeFirstOrThrow();
          const changed = { age: 37, updatedAt: world.store(new Date()) };
          await transaction.updateTable('Users').set(changed).where('id', '=', user.id).execute();
          return user;
        });
      },
      async check(user) {
        assert.equal(await count(kysely, 'Users'), made);
        assert.equal((await byPk(kysely, user.id)).age, 37);
      },
    };
  },

  async upsert(world) {
    const { kysely } = world;
    await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    let age = 0;
    return {
      call() {
        last = key();
        const values = timed(world, { id: last, name: 'Ada', age: ++age });
        const { name, updatedAt } = values;
        return kysely
          .insertInto('Users')
          .values(values)
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ name, age, updatedAt }))
          .returningAll()
          .executeTakeFirstOrThrow();
      },
      async check() {
        assert.equal(await count(kysely, 'Users'), ROWS);
        const { name, age: stored } = await byPk(kysely, last);
        assert.deepEqual({ name, age: stored }, { name: 'Ada', age });
      },
    };
  },

  async findOrCreate(world) {
    const { kysely } = world;
    await users(world, ROWS);
    const key = keys(ROWS);
    const email = emails();
    let calls = 0;
    let made = 0;
    const findOrCreate = (values) =>
      kysely.transaction().execute(async (transaction) => {
        const { email: wanted } = values;
        const found = await transaction.selectFrom('Users').selectAll().where('email', '=', wanted).executeTakeFirst();
        if (found) return [found, false];
        return [await transaction.insertInto('Users').values(values).returningAll().executeTakeFirstOrThrow(), true];
      });
    return {
      call() {
        if (++calls % 2 === 0) return findOrCreate(newUser(world, userOf(key()).email));
        made++;
        return findOrCreate(newUser(world, email()));
      },
      async check([user, created]) {
        assert.equal(created, calls % 2 === 1);
        assert.equal(await count(kysely, 'Users'), ROWS + made);
        assert.equal((await byPk(kysely, user.id)).email, user.email);
      },
    };
  },

  async 'sync({ force: true }) of 20 models'(world) {
    const { kysely } = world;
    const create = (i) => {
      const table = createTable(world, `Model${i}s`)
        .addColumn('name', 'varchar(255)', (column) => column.notNull())
        .addColumn('email', 'varchar(255)', (column) => column.unique())
        .addColumn('age', 'integer')
        .addColumn('score', 'decimal(10, 2)')
        .addColumn('active', 'boolean', (column) => column.defaultTo(true))
        .addColumn('createdAt', world.types.time)
        .addColumn('updatedAt', world.types.time);
      if (i === 0) return table;
      return table.addColumn(`Model${i - 1}Id`, 'integer', (column) => column.references(`Model${i - 1}s.id`));
    };
    return {
      async call() {
        for (let i = MODELS - 1; i >= 0; i--) await kysely.schema.dropTable(`Model${i}s`).ifExists().execute();
        for (let i = 0; i < MODELS; i++) await create(i).execute();
      },
      async check() {
        for (let i = 0; i < MODELS; i++) {
          assert.equal(await count(kysely, `Model${i}s`), 0);
          const values = { name: 'Ada', ...(i > 0 && { [`Model${i - 1}Id`]: 1 }) };
          await kysely.insertInto(`Model${i}s`).values(values).execute();
        }
      },
    };
  },
};

const columnsOf = (table, ...others) =>
  ['id', 'name', ...others, 'createdAt', 'updatedAt'].map((name) => `${table}.${name}`);
const CHILD_COLUMNS = columnsOf('Children', 'age', 'ParentId');
const TOY_COLUMNS = columnsOf('Toys', 'ChildId');

/** Parents with their children, and with `toys` their toys, as nested JSON. */
function parentsWithChildren({ kysely, jsonArrayFrom }, toys = false) {
  return kysely
    .selectFrom('Parents')
    .selectAll('Parents')
    .select((parent) => {
      const children = parent
        .selectFrom('Children')
        .select(CHILD_COLUMNS)
        .whereRef('Children.ParentId', '=', 'Parents.id');
      if (!toys) return [jsonArrayFrom(children).as('Children')];
      const withToys = children.select((child) => [
        jsonArrayFrom(child.selectFrom('Toys').select(TOY_COLUMNS).whereRef('Toys.ChildId', '=', 'Children.id')).as(
          'Toys',
        ),
      ]);
      return [jsonArrayFrom(withToys).as('Children')];
    });
}

const READ_CASES = {
  async findByPk(world) {
    await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    return {
      call() {
        last = key();
        return byPk(world.kysely, last);
      },
      check: (user) => assertUser(user, last),
    };
  },

  async 'findByPk by 64 callers'(world) {
    await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    return {
      call() {
        last = Array.from({ length: CALLERS }, key);
        return Promise.all(last.map((id) => byPk(world.kysely, id)));
      },
      check(found) {
        for (const [i, user] of found.entries()) assertUser(user, last[i]);
      },
    };
  },

  async 'findAll of 1,000 rows, raw'(world) {
    await users(world, ROWS);
    return {
      call: () => world.kysely.selectFrom('Users').selectAll().execute(),
      check(rows) {
        assert.equal(rows.length, ROWS);
        for (const row of rows) assertUser(row, row.id);
      },
    };
  },

  async 'include hasMany, 100 with 10 each'(world) {
    await families(world, PARENTS, CHILDREN);
    return {
      call: () => parentsWithChildren(world).execute(),
      check: (found) => assertFamilies(found, numbers(PARENTS), PARENTS, CHILDREN),
    };
  },

  async 'include of three levels'(world) {
    const fill = await families(world, GRAND_PARENTS, GRAND_CHILDREN);
    const children = GRAND_PARENTS * GRAND_CHILDREN;
    await fill('Toys', children * TOYS, (id) => toyOf(id, children));
    return {
      call: () => parentsWithChildren(world, true).execute(),
      check(found) {
        assertFamilies(found, numbers(GRAND_PARENTS), GRAND_PARENTS, GRAND_CHILDREN);
        for (const { Toys } of found.flatMap(({ Children }) => Children)) assert.equal(Toys.length, TOYS);
      },
    };
  },

  async 'findAndCountAll with include and limit'(world) {
    await families(world, PARENTS, CHILDREN);
    let page = 0;
    return {
      async call() {
        page = (page + 1) % (PARENTS / PAGE);
        const rows = parentsWithChildren(world)
          .orderBy('Parents.id')
          .limit(PAGE)
          .offset(page * PAGE)
          .execute();
        return { count: await count(world.kysely, 'Parents'), rows: await rows };
      },
      check({ count: all, rows }) {
        assert.equal(all, PARENTS);
        assertFamilies(
          rows,
          numbers(PAGE).map((id) => id + page * PAGE),
          PARENTS,
          CHILDREN,
        );
      },
    };
  },

  async 'count of 10,000 rows'(world) {
    const { kysely } = world;
    await users(world, MANY_ROWS);
    const key = keys(80);
    let last;
    return {
      call() {
        last = key();
        const counted = kysely.selectFrom('Users').select((b) => b.fn.countAll().as('count'));
        return counted.where('age', '>', last).executeTakeFirstOrThrow();
      },
      check({ count: found }) {
        assert.equal(Number(found), numbers(MANY_ROWS).filter((id) => userOf(id).age > last).length);
      },
    };
  },

  async 'a large where over 10,000 rows'(world) {
    const { kysely } = world;
    await users(world, MANY_ROWS);
    const key = keys(40);
    let last;
    return {
      call() {
        last = key();
        return kysely
          .selectFrom('Users')
          .selectAll()
          .where('name', 'like', 'User%')
          .where('age', '>=', last)
          .where('age', '<', 65)
          .where('email', 'is not', null)
          .where((b) =>
            b.or([
              b('name', 'in', ['User 4', `User ${last}`, `User ${last + 90}`]),
              b.between('age', last, last + 2),
              b.and([b('email', 'like', 'user99%'), b('age', '>', last + 1), b('name', '!=', 'Ada')]),
            ]),
          )
          .orderBy('id')
          .limit(100)
          .execute();
      },
      check(rows) {
        assert.equal(rows.length, 100);
        for (const { id, age } of rows) {
          assert.equal(age, userOf(id).age);
          assert.ok(age >= last && age < 65);
        }
      },
    };
  },
};

export const KYSELY_CASES = { ...WRITE_CASES, ...READ_CASES };
