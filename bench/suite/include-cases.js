'use strict';

// The cases (see cases.js) that load rows together with the rows that belong to them.

const assert = require('node:assert/strict');

const { families, toyOf } = require('./data');

const PARENTS = 100;
const CHILDREN = 10;
const PAGE = 10;
/** Of three levels: 20 parents of 10 children of 5 toys, which are 1,000 rows as well. */
const [GRAND_PARENTS, GRAND_CHILDREN, TOYS] = [20, 10, 5];

/** Compares parents, in any order, and their children with what `families` made. */
function assertFamilies(found, ids, parents, width) {
  const rows = found.toSorted((a, b) => a.id - b.id);
  assert.deepEqual(
    rows.map(({ id, name }) => ({ id, name })),
    ids.map((id) => ({ id, name: `Parent ${id}` })),
  );
  for (const { id, Children } of rows) {
    const names = Array.from({ length: width }, (_, i) => `Child ${id + i * parents}`);
    assert.deepEqual(Children.map(({ name }) => name).toSorted(), names.toSorted());
  }
}

const numbers = (count) => Array.from({ length: count }, (_, i) => i + 1);

const INCLUDE_CASES = {
  async 'include hasMany, 100 with 10 each'(world) {
    const { Parent, Child } = await families(world, PARENTS, CHILDREN);
    return {
      call: () => Parent.findAll({ include: Child }),
      check(found) {
        assertFamilies(found, numbers(PARENTS), PARENTS, CHILDREN);
        assert.ok(found[0].Children[0] instanceof Child);
      },
    };
  },

  async 'include of three levels'(world) {
    const { Parent, Child, Toy } = await families(world, GRAND_PARENTS, GRAND_CHILDREN);
    const children = GRAND_PARENTS * GRAND_CHILDREN;
    await Toy.bulkCreate(numbers(children * TOYS).map((id) => toyOf(id, children)));
    return {
      call: () => Parent.findAll({ include: { model: Child, include: Toy } }),
      check(found) {
        assertFamilies(found, numbers(GRAND_PARENTS), GRAND_PARENTS, GRAND_CHILDREN);
        for (const { id, Toys } of found.flatMap(({ Children }) => Children)) {
          const names = Array.from({ length: TOYS }, (_, i) => `Toy ${id + i * children}`);
          assert.deepEqual(Toys.map(({ name }) => name).toSorted(), names.toSorted());
        }
      },
    };
  },

  async 'findAndCountAll with include and limit'(world) {
    const { Parent, Child } = await families(world, PARENTS, CHILDREN);
    let page = 0;
    return {
      call() {
        page = (page + 1) % (PARENTS / PAGE);
        const options = { include: Child, distinct: true, order: ['id'], limit: PAGE, offset: page * PAGE };
        return Parent.findAndCountAll(options);
      },
      check({ count, rows }) {
        assert.equal(count, PARENTS);
        const ids = numbers(PAGE).map((id) => id + page * PAGE);
        assertFamilies(rows, ids, PARENTS, CHILDREN);
      },
    };
  },
};

module.exports = { CHILDREN, INCLUDE_CASES, PAGE, PARENTS, assertFamilies, numbers };
