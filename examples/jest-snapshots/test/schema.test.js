'use strict';

const { sequelize, Product } = require('../src/database');

test('a test may even change the tables', async () => {
  await sequelize.getQueryInterface().removeColumn('Products', 'stock');
  await sequelize.getQueryInterface().dropTable('Lines');
  expect(Object.keys(await Product.describe())).not.toContain('stock');
});

test('the next test has them as they were', async () => {
  expect(Object.keys(await Product.describe())).toContain('stock');
  expect(await Product.count()).toBe(2);
});
