'use strict';

// The models of a blog and how they belong together.

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');

const dialect = new PhantomDBDialect(process.env.PHANTOMDB_URL ?? 'memory:');
const sequelize = new Sequelize({ database: 'blog', dialect, logging: false });

const User = sequelize.define('User', {
  name: { type: DataTypes.STRING, allowNull: false },
  email: { type: DataTypes.STRING, allowNull: false, unique: true, validate: { isEmail: true } },
});

const Post = sequelize.define(
  'Post',
  {
    title: { type: DataTypes.STRING, allowNull: false },
    body: { type: DataTypes.TEXT, allowNull: false },
    state: { type: DataTypes.ENUM('draft', 'published'), allowNull: false, defaultValue: 'draft' },
    publishedAt: DataTypes.DATE,
  },
  {
    indexes: [{ fields: ['state', 'publishedAt'] }],
    scopes: { published: { where: { state: 'published' } } },
  },
);

const Comment = sequelize.define('Comment', { text: { type: DataTypes.TEXT, allowNull: false } });
const Tag = sequelize.define('Tag', { name: { type: DataTypes.STRING, primaryKey: true } }, { timestamps: false });

User.hasMany(Post, { as: 'posts', foreignKey: { name: 'authorId', allowNull: false }, onDelete: 'CASCADE' });
Post.belongsTo(User, { as: 'author' });

Post.hasMany(Comment, { as: 'comments', foreignKey: { name: 'postId', allowNull: false }, onDelete: 'CASCADE' });
Comment.belongsTo(Post, { as: 'post' });
Comment.belongsTo(User, { as: 'author' });

Post.belongsToMany(Tag, { as: 'tags', through: 'PostTags', timestamps: false });
Tag.belongsToMany(Post, { as: 'posts', through: 'PostTags', timestamps: false });

module.exports = { sequelize, User, Post, Comment, Tag };
