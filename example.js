'use strict';

// A tour of PhantomDB for Sequelize. It runs inside this process (`memory:`), or wherever PHANTOMDB_URL points:
//
//   npm run example
//   PHANTOMDB_URL=file:./data npm run example
//   PHANTOMDB_URL=http://localhost:8080 npm run example      (npx phantomdb serve)

const { Sequelize, DataTypes, Op } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');

const title = (text) => console.log(`\n${text}\n${'-'.repeat(text.length)}`);
const names = (users) => users.map((user) => `${user.firstName} ${user.lastName} (${user.age})`).join(', ');

async function main() {
  const sequelize = new Sequelize({
    database: 'tour',
    dialect: new PhantomDBDialect(process.env.PHANTOMDB_URL ?? 'memory:'),
    logging: false,
  });
  await sequelize.authenticate();
  title('Connected');
  console.log(`dialect ${sequelize.getDialect()}, database ${sequelize.getDatabaseName()}`);

  const User = sequelize.define('User', {
    firstName: { type: DataTypes.STRING, allowNull: false },
    lastName: DataTypes.STRING,
    email: { type: DataTypes.STRING, unique: true },
    age: DataTypes.INTEGER,
    active: { type: DataTypes.BOOLEAN, defaultValue: true },
    joinedAt: { type: DataTypes.DATE, defaultValue: new Date('2026-01-01T09:30:00Z') },
  });
  const Task = sequelize.define('Task', {
    title: DataTypes.STRING,
    done: { type: DataTypes.BOOLEAN, defaultValue: false },
  });
  User.hasMany(Task, { as: 'tasks' });
  Task.belongsTo(User);
  await sequelize.sync({ force: true });
  title('Synced');
  console.log(
    (await sequelize.getQueryInterface().showAllTables())
      .map((table) => table.tableName ?? table)
      .sort()
      .join(', '),
  );

  title('Created');
  const john = await User.create({ firstName: 'John', lastName: 'Doe', email: 'john@example.com', age: 34 });
  await User.bulkCreate([
    { firstName: 'Jane', lastName: 'Doe', email: 'jane@example.com', age: 28 },
    { firstName: 'Joan', lastName: 'Smith', email: 'joan@example.com', age: 45 },
    { firstName: 'Bob', lastName: 'Jones', email: 'bob@example.com', age: 34 },
  ]);
  await john.createTask({ title: 'Write the report' });
  await john.createTask({ title: 'Send the report' });
  console.log(`John has the id ${john.id} and joined on ${john.joinedAt.toISOString()}; ${await User.count()} users`);

  title("Found: first names like 'Jo%', oldest first, then by last name");
  const found = await User.findAll({
    where: { firstName: { [Op.like]: 'Jo%' }, active: true },
    order: [
      ['age', 'DESC'],
      ['lastName', 'ASC'],
    ],
  });
  console.log(names(found));

  title('Included: John with his tasks');
  const withTasks = await User.findByPk(john.id, { include: 'tasks', order: [['tasks', 'id', 'ASC']] });
  for (const task of withTasks.tasks) console.log(`${task.done ? 'done' : 'open'}  ${task.title}`);

  title('Updated and destroyed');
  const [updated] = await User.update({ active: false }, { where: { age: { [Op.gt]: 40 } } });
  const destroyed = await User.destroy({ where: { lastName: 'Jones' } });
  console.log(`${updated} updated, ${destroyed} destroyed, ${await User.count()} left`);

  title('Refused: a second user with the same email');
  try {
    await User.create({ firstName: 'Johnny', email: 'john@example.com' });
  } catch (error) {
    console.log(`${error.name}: ${error.errors.map((item) => item.message).join(', ')}`);
  }

  title('Rolled back: a transaction that fails leaves nothing');
  try {
    await sequelize.transaction(async (transaction) => {
      await User.create({ firstName: 'Eve', email: 'eve@example.com', age: 20 }, { transaction });
      console.log(`inside: ${await User.count({ transaction })} users`);
      throw new Error('changed my mind');
    });
  } catch (error) {
    console.log(`${error.message}; outside: ${await User.count()} users`);
  }

  await sequelize.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
