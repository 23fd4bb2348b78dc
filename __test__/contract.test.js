'use strict';

// The tables of the documentation against those of the contract, which the addon hands out.

const fs = require('node:fs');
const path = require('node:path');
const Sequelize = require('sequelize');

const native = require('../driver/native.js');
const { consoleModule } = require('./helpers/console-module.js');

const contract = JSON.parse(native.contract());

/** The rows of the table of a document whose header has this first cell, as lists of cells. */
function tableRows(document, firstCell) {
  const lines = fs.readFileSync(path.join(__dirname, '..', 'docs', document), 'utf8').split('\n');
  const cells = (line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const header = lines.findIndex((line) => line.startsWith('|') && cells(line)[0] === firstCell);
  if (header === -1) throw new Error(`${document} has no table whose first column is ${firstCell}`);
  const rows = lines.slice(header + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? undefined : end).map(cells);
}

const codesIn = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

describe('the contract', () => {
  test('has classes of Sequelize for all codes and reasons', () => {
    const classes = [
      ...contract.errors.map(({ sequelizeClass }) => sequelizeClass),
      ...Object.values(contract.unreachableReasons),
    ];
    for (const name of classes) expect([name, typeof Sequelize[name]]).toEqual([name, 'function']);
  });

  test('has the name of the table of the console, which the page knows too', () => {
    const { CONSOLE_TABLE } = consoleModule('sql-text.js');
    expect(contract.consoleTable).toBe(CONSOLE_TABLE);
    expect(fs.readFileSync(path.join(__dirname, '../docs/console.md'), 'utf8')).toContain(`\`${CONSOLE_TABLE}\``);
  });

  test('has the codes, statuses and classes of docs/errors.md', () => {
    const documented = tableRows('errors.md', 'code').flatMap(([codes, statuses, meaning]) => {
      const [sequelizeClass] = codesIn(meaning);
      const numbers = statuses.split(',').map(Number);
      return codesIn(codes).map((code, index) => ({ code, status: numbers[index] ?? numbers[0], sequelizeClass }));
    });
    const byCode = (one, other) => one.code.localeCompare(other.code);
    expect(documented.toSorted(byCode)).toEqual(contract.errors.toSorted(byCode));
  });

  test('has the reasons and classes of docs/errors.md', () => {
    const documented = tableRows('errors.md', 'class').flatMap(([name, reasons]) =>
      codesIn(reasons).map((reason) => [reason, codesIn(name)[0]]),
    );
    expect(Object.fromEntries(documented)).toEqual(contract.unreachableReasons);
  });

  test('has the routes of docs/server.md', () => {
    const documented = tableRows('server.md', 'request').map(([request, query, body, answer, summary]) => {
      const [method, url] = codesIn(request)[0].split(' ');
      const [status, type] = answer.split(' ');
      return {
        summary,
        method,
        path: url,
        query: codesIn(query),
        body: codesIn(body)[0] ?? null,
        status: Number(status),
        answer: type ? codesIn(type)[0] : null,
      };
    });
    expect(documented).toEqual(contract.routes.map(({ name: _, ...route }) => route));
  });

  test('has the reasons that the types of the package list', () => {
    const types = fs.readFileSync(path.join(__dirname, '..', 'index.d.ts'), 'utf8');
    const [, union] = /reason\?:([^;]+);/.exec(types);
    const listed = [...union.matchAll(/'([a-z_]+)'/g)].map(([, reason]) => reason);
    expect(listed.toSorted()).toEqual(Object.keys(contract.unreachableReasons).toSorted());
  });
});
