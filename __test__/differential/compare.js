// Both sides of the comparison.

const { Sequelize } = require('sequelize');

const { PhantomDBDialect } = require('../..');
const { OptionsOf } = require('./options');
const { Performer } = require('./perform');
const { MODELS, defineModels } = require('./schema');

const ours = () =>
  new Sequelize('differential', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
const theirs = () => new Sequelize({ dialect: 'sqlite', storage: ':memory:', logging: false });

/** One side of the comparison, with its tables made. */
class Side {
  constructor(sequelize, description, isOurs) {
    this.sequelize = sequelize;
    this.statements = [];
    sequelize.options.logging = (text) => this.statements.push(text);
    this.models = defineModels(sequelize, description);
    this.performer = new Performer(new OptionsOf(description, this.models, isOurs), sequelize);
  }

  async answer(call) {
    this.statements.length = 0;
    try {
      return { value: await this.performer.perform(call) };
    } catch (error) {
      return { error };
    }
  }

  close() {
    return this.sequelize.close();
  }
}

/** How many calls were compared, and how many had nothing to compare. */
const counts = { calls: 0, bothFailed: 0, theirsFailed: 0, failures: new Map() };

function difference(call, our, their) {
  const show = ({ side, answer }) => [
    ...side.statements,
    answer.error ? `failed: ${answer.error.stack.split('\n').slice(0, 3).join('\n')}` : JSON.stringify(answer.value),
  ];
  const lines = [`${JSON.stringify(call)} differs`, 'PhantomDB:', ...show(our), "Sequelize's sqlite:", ...show(their)];
  return new Error(lines.join('\n'));
}

const note = (why) => counts.failures.set(why, (counts.failures.get(why) ?? 0) + 1);

/** Performs a call on both. @returns whether the rest of the calls can be compared */
async function compare([our, their], call) {
  counts.calls++;
  const answers = [await our.answer(call), await their.answer(call)];
  const pair = [
    { side: our, answer: answers[0] },
    { side: their, answer: answers[1] },
  ];
  const [mine, other] = answers;
  if (mine.error && other.error) {
    counts.bothFailed++;
    note(`both: ${mine.error.message}`);
    return true;
  }
  if (other.error) {
    // What only this dialect can do has nothing to be compared with.
    counts.theirsFailed++;
    note(`only theirs: ${other.error.parent?.message ?? other.error.message}`);
    return false;
  }
  if (mine.error) throw difference(call, ...pair);
  if (JSON.stringify(mine.value) !== JSON.stringify(other.value)) throw difference(call, ...pair);
  return true;
}

const WRITES = new Set(['create', 'bulkCreate', 'update', 'save', 'increment', 'upsert', 'destroy', 'restore', 'tags']);

async function compareAll(description, initial, list) {
  const sides = [new Side(ours(), description, true), new Side(theirs(), description, false)];
  try {
    for (const { sequelize } of sides) await sequelize.sync();
    for (const model of MODELS) {
      for (const [index, row] of initial[model].entries()) {
        const authors = model === 'Author' ? index : initial.Author.length;
        if (!(await compare(sides, { kind: 'create', model, row, authors }))) return;
      }
    }
    for (const [book, tag] of initial.links) {
      if (!(await compare(sides, { kind: 'tags', id: book + 1, tags: [tag + 1], weight: tag, what: 'add' }))) return;
    }
    for (const call of list) {
      if (!(await compare(sides, call))) return;
      if (WRITES.has(call.kind) && !(await compare(sides, { kind: 'everything', after: call }))) return;
    }
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

module.exports = { compareAll, counts };
