'use strict';

// Jest runs this before each test file (`setupFilesAfterEnv` in jest.config.js). The seed is made once for a file; before each
// test the database goes back to it.

const { dialect, sequelize, Product } = require('../src/database');

let seed;

beforeAll(async () => {
  await sequelize.sync();
  await Product.bulkCreate([
    { name: 'Lamp', price: '19.90', stock: 3 },
    { name: 'Chair', price: '80.05', stock: 10 },
  ]);
  seed = await dialect.snapshot();
});

beforeEach(() => dialect.restore(seed));

afterAll(() => sequelize.close());
