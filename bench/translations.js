'use strict';

// The cost of a hit in the translation cache, by CPU time: a Map keyed by the plan's text, which is what the package
// has, beside one keyed by a digest of some of its characters. Each look-up is for a text that was just made, as a query
// makes it. The figures are to be read beside the time of a whole findByPk, which comes last.

const { Sequelize, DataTypes } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');
const { median } = require('./harness');

const ROUNDS = 9;
const LOOKUPS = 20_000;

const expression = (i) => `{"o":[{"c":"column${i}"},"eq",{"b":[${i},"s"]}]}`;
const planOf = (conditions) =>
  `{"from":[{"table":{"name":"Users"},"as":"User"}],"columns":[${Array.from({ length: 7 }, (_, i) => `{"e":{"c":"column${i}"}}`)}],"where":{"and":[${Array.from({ length: conditions }, (_, i) => expression(i))}]}}`;

const PLANS = { 'primary key': planOf(1), 'four conditions': planOf(4), '10 kB': planOf(230) };

/** The text as a query would make it: a new string, not yet hashed. */
const fresh = (text, half) => text.slice(0, half) + text.slice(half);

function digestOf(key) {
  const { length } = key;
  const step = Math.max(1, Math.floor(length / 32));
  let digest = length;
  for (let i = step - 1; i < length; i += step) digest = (Math.imul(digest, 31) + key.charCodeAt(i)) | 0;
  for (let i = Math.max(0, length - 40); i < length; i++) digest = (Math.imul(digest, 31) + key.charCodeAt(i)) | 0;
  return digest;
}

const CACHES = {
  'making the text alone': { add() {}, get: (_map, text) => text.charCodeAt(text.length - 1) },
  'Map by text': { add: (map, text) => map.set(text, { text }), get: (map, text) => map.get(text) },
  'Map by digest': {
    add: (map, text) => map.set(digestOf(text), { text }),
    get(map, text) {
      const entry = map.get(digestOf(text));
      return entry?.text === text ? entry : undefined;
    },
  },
};

function cpuMicros() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU time of a look-up in microseconds. */
function lookups({ get }, map, text) {
  const half = text.length >> 1;
  const start = cpuMicros();
  for (let i = 0; i < LOOKUPS; i++) get(map, fresh(text, half));
  return (cpuMicros() - start) / LOOKUPS;
}

function compareCaches(text) {
  const contestants = Object.entries(CACHES).map(([name, cache]) => {
    const map = new Map();
    for (let i = 0; i < 500; i++) cache.add(map, text.replace('"Users"', `"Users${i}"`));
    cache.add(map, text);
    return { name, cache, map, times: [] };
  });
  for (const { cache, map } of contestants) lookups(cache, map, text);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { cache, map, times } of contestants) times.push(lookups(cache, map, text));
  }
  return contestants.map(({ name, times }) => `${name} ${median(times).toFixed(2)} us`).join(', ');
}

async function findByPk() {
  const sequelize = new Sequelize('bench', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
  const User = sequelize.define('User', { name: DataTypes.STRING, age: DataTypes.INTEGER });
  await sequelize.sync();
  await User.create({ name: 'Ada', age: 36 });
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpuMicros();
    for (let i = 0; i < 5000; i++) await User.findByPk(1);
    times.push((cpuMicros() - start) / 5000);
  }
  await sequelize.close();
  return median(times);
}

async function main() {
  for (const [name, text] of Object.entries(PLANS)) {
    console.log(`${name} (${text.length} characters): ${compareCaches(text)}`);
  }
  console.log(`a whole findByPk: ${(await findByPk()).toFixed(1)} us`);
}

main();
