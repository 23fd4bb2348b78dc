'use strict';

// What the application does, whichever database it has: models, a transaction, and SQL of its own.

const { DataTypes, QueryTypes } = require('sequelize');

function define(sequelize) {
  const Customer = sequelize.define('Customer', { name: { type: DataTypes.STRING, unique: true } });
  const Order = sequelize.define('Order', { item: DataTypes.STRING, amount: DataTypes.INTEGER, at: DataTypes.DATE });
  Customer.hasMany(Order, { as: 'orders', foreignKey: 'customerId' });
  Order.belongsTo(Customer, { as: 'customer', foreignKey: 'customerId' });
  return { Customer, Order };
}

async function run(sequelize) {
  const { Customer, Order } = define(sequelize);
  await sequelize.sync();

  await sequelize.transaction(async (transaction) => {
    const [customer] = await Customer.findOrCreate({ where: { name: 'Ada' }, transaction });
    const amount = 1 + (await customer.countOrders({ transaction }));
    const at = new Date(Date.UTC(2025, amount, 1));
    await customer.createOrder({ item: `Order ${amount}`, amount, at }, { transaction });
  });

  const orders = await Order.findAll({ include: 'customer', order: ['id'] });
  for (const { item, amount, at, customer } of orders) {
    console.log(`${customer.name}: ${item}, ${amount} pieces, ${at.toISOString()}`);
  }
  const months = await sequelize.query(
    "SELECT strftime('%m', `at`) AS month, sum(`amount`) AS pieces FROM `Orders` GROUP BY 1 ORDER BY 1",
    { type: QueryTypes.SELECT },
  );
  console.log(months.map(({ month, pieces }) => `${month}: ${pieces}`).join(', '));
}

module.exports = { run };
