'use strict';

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');

// In tests PHANTOMDB_URL is not set, and each test file has a database of its own in memory.
const dialect = new PhantomDBDialect(process.env.PHANTOMDB_URL ?? 'memory:');
const sequelize = new Sequelize({ database: 'shop', dialect, logging: false });

const Product = sequelize.define('Product', {
  name: { type: DataTypes.STRING, allowNull: false, unique: true },
  price: { type: DataTypes.DECIMAL(10, 2), allowNull: false },
  stock: { type: DataTypes.INTEGER, allowNull: false, validate: { min: 0 } },
});
const Order = sequelize.define('Order', { customer: { type: DataTypes.STRING, allowNull: false } });
const Line = sequelize.define('Line', { quantity: { type: DataTypes.INTEGER, allowNull: false } });

Order.hasMany(Line, { as: 'lines', onDelete: 'CASCADE' });
Line.belongsTo(Order);
Line.belongsTo(Product, { as: 'product' });

module.exports = { dialect, sequelize, Product, Order, Line };
