'use strict';

// A blog with associations. Run it with:
//
//   node examples/blog/index.js
//   PHANTOMDB_URL=file:./data node examples/blog/index.js      (on disk)

const { col, fn, Op } = require('sequelize');
const { sequelize, User, Post, Comment, Tag } = require('./models');

/** A post with its tags, or nothing when one of the writes fails. */
function publish(author, { title, body, tags }) {
  return sequelize.transaction(async (transaction) => {
    await Tag.bulkCreate(
      tags.map((name) => ({ name })),
      { ignoreDuplicates: true, transaction },
    );
    const values = { title, body, state: 'published', publishedAt: new Date() };
    const post = await author.createPost(values, { transaction });
    await post.setTags(tags, { transaction });
    return post;
  });
}

/** One page of the front page: the newest posts first, each with its author, its tags and the number of its comments. */
async function frontPage({ page = 1, size = 2 } = {}) {
  const { count, rows } = await Post.scope('published').findAndCountAll({
    include: [
      { association: 'author', attributes: ['name'] },
      { association: 'tags', through: { attributes: [] } },
    ],
    order: [['id', 'DESC']],
    limit: size,
    offset: (page - 1) * size,
    distinct: true,
  });
  const counts = await Comment.count({ where: { postId: rows.map(({ id }) => id) }, group: ['postId'] });
  const comments = new Map(counts.map((row) => [row.postId, row.count]));
  const posts = rows.map((post) => ({
    title: post.title,
    author: post.author.name,
    tags: post.tags.map((tag) => tag.name).sort(),
    comments: comments.get(post.id) ?? 0,
  }));
  return { pages: Math.ceil(count / size), posts };
}

/** The tags, and how many posts each has. */
function popularTags() {
  return Tag.findAll({
    attributes: ['name', [fn('COUNT', col('posts.id')), 'count']],
    include: [{ association: 'posts', attributes: [], through: { attributes: [] } }],
    group: ['Tag.name'],
    order: [[fn('COUNT', col('posts.id')), 'DESC'], 'name'],
    raw: true,
  });
}

async function main() {
  await sequelize.sync({ force: true });
  const ada = await User.create({ name: 'Ada', email: 'ada@example.com' });
  const grace = await User.create({ name: 'Grace', email: 'grace@example.com' });

  const engine = await publish(ada, { title: 'The engine', body: 'It weaves.', tags: ['machines', 'algebra'] });
  await publish(grace, { title: 'A bug', body: 'It was a moth.', tags: ['machines'] });
  await publish(ada, { title: 'Note G', body: 'Bernoulli numbers.', tags: ['algebra', 'programs'] });
  await ada.createPost({ title: 'Not ready', body: '…' });

  await engine.createComment({ text: 'Lovely', authorId: grace.id });
  await engine.createComment({ text: 'Thank you', authorId: ada.id });

  for (const page of [1, 2]) {
    const { pages, posts } = await frontPage({ page });
    console.log(`Page ${page} of ${pages}`);
    for (const { title, author, tags, comments } of posts) {
      console.log(`  ${title}, by ${author} (${tags.join(', ')}), ${comments} comments`);
    }
  }
  const tags = await popularTags();
  console.log(`Tags: ${tags.map(({ name, count }) => `${name} ${count}`).join(', ')}`);

  const found = await Post.findAll({ where: { body: { [Op.iLike]: '%MOTH%' } } });
  console.log('Found:', found.map(({ title }) => title).join(', '));

  try {
    await publish(grace, { title: 'Without a body', body: null, tags: ['empty'] });
  } catch (error) {
    console.log(`Refused: ${error.message}. Tags named "empty": ${await Tag.count({ where: { name: 'empty' } })}`);
  }

  await ada.destroy();
  console.log(`Without Ada: ${await Post.count()} post, ${await Comment.count()} comments`);
  await sequelize.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
