'use strict';

// Opens a contestant in the process that measures it. Each function answers with a world:
//
//   sequelize, module      the instance, and the package it came from
//   dialect                only PhantomDB's
//   kysely                 in place of these, for Kysely
//   close()                deletes what was made, so that the next case begins with nothing

const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
/** The connections to PostgreSQL: as many as `phantomdb serve --engine` opens. */
const POSTGRES_CONNECTIONS = 20;
const CALLERS = 64;
const FOREVER_MS = 600_000;

const database = () => `bench_${process.pid}`;
const temporaryFolder = () => fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-bench-'));

/** Sequelize of the checkout that is measured. */
function sequelizeOf(checkout, ...args) {
  const module = createRequire(path.join(checkout, 'package.json'))('sequelize');
  return { module, sequelize: new module.Sequelize(...args) };
}

function phantomdb({ url, checkout = ROOT }) {
  const { PhantomDBDialect } = createRequire(path.join(checkout, 'package.json'))('./index.js');
  const folder = url === 'file:' ? temporaryFolder() : undefined;
  const dialect = new PhantomDBDialect(folder ? `file:${folder}` : url);
  const pool = { max: CALLERS, idle: FOREVER_MS };
  const opened = sequelizeOf(checkout, { database: database(), dialect, logging: false, pool });
  const close = async () => {
    if (/^https?:/.test(url)) await dialect.dropDatabase(database());
    await opened.sequelize.close();
    if (folder) fs.rmSync(folder, { recursive: true });
  };
  return { ...opened, dialect, close };
}

function sqlite3({ storage, dialectModule }) {
  const folder = storage === 'file' ? temporaryFolder() : undefined;
  const place = folder ? path.join(folder, 'bench.sqlite') : storage;
  const options = { dialect: 'sqlite', storage: place, logging: false, dialectModule };
  const opened = sequelizeOf(ROOT, options);
  const close = async () => {
    await opened.sequelize.close();
    if (folder) fs.rmSync(folder, { recursive: true });
  };
  return { ...opened, close };
}

const instant = () => sqlite3({ storage: ':memory:', dialectModule: require('./instant-driver') });

/** A database of PostgreSQL for this process alone: its URL, and how to delete it. */
async function postgresDatabase(url) {
  const { Client } = require('pg');
  const as = async (statement) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await as(`CREATE DATABASE ${database()}`);
  const own = new URL(url);
  own.pathname = `/${database()}`;
  return { url: own.href, drop: () => as(`DROP DATABASE ${database()} WITH (FORCE)`) };
}

async function pg({ url }) {
  const own = await postgresDatabase(url);
  const pool = { max: POSTGRES_CONNECTIONS, idle: FOREVER_MS };
  const opened = sequelizeOf(ROOT, own.url, { logging: false, pool });
  const close = async () => {
    await opened.sequelize.close();
    await own.drop();
  };
  return { ...opened, close };
}

/** PGlite has one database, and answers one connection at a time. */
async function pglite({ url }) {
  const opened = sequelizeOf(ROOT, url, { logging: false, pool: { max: 1, idle: FOREVER_MS } });
  const close = async () => {
    await opened.sequelize.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await opened.sequelize.close();
  };
  return { ...opened, close };
}

async function kyselySqlite() {
  const { openSqlite } = await import('../peers/kysely.mjs');
  return openSqlite();
}

async function kyselyPg({ url }) {
  const { openPostgres } = await import('../peers/kysely.mjs');
  const own = await postgresDatabase(url);
  const opened = openPostgres(own.url, POSTGRES_CONNECTIONS);
  const close = async () => {
    await opened.close();
    await own.drop();
  };
  return { ...opened, close };
}

const OPENERS = { instant, kyselyPg, kyselySqlite, pg, pglite, phantomdb, sqlite3 };

/** Opens a contestant of contestants.js, whose server, where it needs one, is at `url`. */
const open = async (contestant) => OPENERS[contestant.opener](contestant);

module.exports = { ROOT, open };
