'use strict';

// What the tests test: a shop that sells no more than it has.

const { sequelize, Product, Order, Line } = require('./database');

class OutOfStock extends Error {}

/** Makes an order and takes its products out of stock, or changes nothing. */
function placeOrder(customer, quantities) {
  return sequelize.transaction(async (transaction) => {
    const order = await Order.create({ customer }, { transaction });
    for (const [name, quantity] of Object.entries(quantities)) {
      const product = await Product.findOne({ where: { name }, lock: true, rejectOnEmpty: true, transaction });
      if (product.stock < quantity) throw new OutOfStock(`${product.stock} of ${name} left`);
      await product.decrement('stock', { by: quantity, transaction });
      await Line.create({ OrderId: order.id, productId: product.id, quantity }, { transaction });
    }
    return order;
  });
}

/** What an order costs, as an exact decimal. */
async function totalOf(order) {
  const [{ total }] = await sequelize.query(
    `SELECT sum(l.quantity * p.price) AS total FROM "Lines" l JOIN "Products" p ON p.id = l."productId"
     WHERE l."OrderId" = $id`,
    { bind: { id: order.id }, type: sequelize.QueryTypes.SELECT },
  );
  return total;
}

module.exports = { OutOfStock, placeOrder, totalOf };
