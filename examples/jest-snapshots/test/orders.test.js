'use strict';

const { Order, Product } = require('../src/database');
const { OutOfStock, placeOrder, totalOf } = require('../src/shop');

const stockOf = async (name) => (await Product.findOne({ where: { name } })).stock;

test('an order takes its products out of stock', async () => {
  const order = await placeOrder('Ada', { Lamp: 3, Chair: 1 });
  expect(await totalOf(order)).toBe('139.75');
  expect(await stockOf('Lamp')).toBe(0);
});

test('the next test has the lamps again, and the order is gone', async () => {
  expect(await stockOf('Lamp')).toBe(3);
  expect(await Order.count()).toBe(0);
});

test('an order of too many changes nothing', async () => {
  await expect(placeOrder('Ada', { Chair: 1, Lamp: 4 })).rejects.toThrow(OutOfStock);
  expect(await stockOf('Chair')).toBe(10);
  expect(await Order.count()).toBe(0);
});

test('two customers do not get the same lamp', async () => {
  const orders = await Promise.allSettled([placeOrder('Ada', { Lamp: 2 }), placeOrder('Grace', { Lamp: 2 })]);
  expect(orders.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await stockOf('Lamp')).toBe(1);
});
