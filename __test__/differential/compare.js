// Both sides of the comparison.

const { Attributes } = require('./attributes');
const { OptionsOf } = require('./options');
const { phantomdb } = require('./peers');
const { Reads } = require('./reads');
const { MODELS, defineModels } = require('./schema');
const { NOTHING_TO_UPDATE, Writes } = require('./writes');

/** One side of the comparison, with its tables made. */
class Side {
  constructor(dialect, peer, description) {
    this.dialect = dialect;
    this.sequelize = dialect.connect();
    this.statements = [];
    this.sequelize.options.logging = (text) => this.statements.push(text);
    const can = (what) => !peer.cannot.has(what);
    this.models = defineModels(this.sequelize, description, can);
    const options = new OptionsOf(new Attributes(description, this.models), dialect, can);
    this.reads = new Reads(options, this.sequelize);
    this.writes = new Writes(options);
  }

  async sync() {
    await this.dialect.beforeSync?.(this.sequelize);
    await this.sequelize.sync();
  }

  async answer(call) {
    await this.dialect.beforeCall?.(this.sequelize, call);
    this.statements.length = 0;
    const isRead = call.kind in this.reads;
    const performer = isRead ? this.reads : this.writes;
    try {
      return { value: await performer[call.kind](call, this.models[call.model]) };
    } catch (error) {
      return { error };
    }
  }

  async afterWrite(call) {
    await this.dialect.afterWrite?.(this.sequelize, this.models, call);
  }

  close() {
    return this.sequelize.close();
  }
}

function difference(call, sides, answers) {
  const show = (side, answer) => [
    `${side.dialect.name}:`,
    ...side.statements,
    answer.error ? `failed: ${answer.error.stack.split('\n').slice(0, 3).join('\n')}` : JSON.stringify(answer.value),
  ];
  const lines = sides.flatMap((side, index) => show(side, answers[index]));
  return new Error([`${JSON.stringify(call)} differs`, ...lines].join('\n'));
}

/** Compares lists of calls, and counts those that had nothing to compare. */
class Comparison {
  constructor(peer) {
    this.peer = peer;
    this.calls = 0;
    this.bothFailed = 0;
    this.theirsFailed = 0;
    this.failures = new Map();
  }

  note(why) {
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
  }

  /**
   * Performs a call on both.
   *
   * @returns {Promise<'done' | 'nothing' | 'failed' | 'over'>} nothing: neither was asked; over: the rest cannot be compared
   */
  async compare(sides, call) {
    this.calls++;
    const answers = [await sides[0].answer(call), await sides[1].answer(call)];
    const [mine, other] = answers;
    if (mine.error && other.error) {
      this.bothFailed++;
      this.note(`both: ${mine.error.message}`);
      return 'failed';
    }
    if (other.error) {
      // What only this dialect can do has nothing to be compared with.
      this.theirsFailed++;
      this.note(`only theirs: ${call.kind}: ${other.error.parent?.message ?? other.error.message}`);
      return 'over';
    }
    const isSame = !mine.error && JSON.stringify(mine.value) === JSON.stringify(other.value);
    if (!isSame) throw difference(call, sides, answers);
    return mine.value === NOTHING_TO_UPDATE ? 'nothing' : 'done';
  }

  async compareAll(description, initial, list) {
    const sides = [new Side(phantomdb, this.peer, description), new Side(this.peer, this.peer, description)];
    try {
      for (const side of sides) await side.sync();
      for (const call of [...firstCalls(initial), ...list]) {
        const outcome = await this.compare(sides, call);
        if (outcome === 'over') return;
        if (call.kind in sides[0].reads) continue;
        for (const side of sides) await side.afterWrite(outcome === 'done' ? call : {});
        if (!call.isFirst && (await this.compare(sides, { kind: 'everything', after: call })) === 'over') return;
      }
    } finally {
      await Promise.all(sides.map((side) => side.close()));
    }
  }
}

/** Makes the rows that the calls find. */
function firstCalls(initial) {
  const rows = MODELS.flatMap((model) =>
    initial[model].map((row, index) => {
      const authors = model === 'Author' ? index : initial.Author.length;
      return { kind: 'create', model, row, authors, isFirst: true };
    }),
  );
  const links = initial.links.map(([book, tag]) => {
    return { kind: 'tags', id: book + 1, tags: [tag + 1], weight: tag, what: 'add', isFirst: true };
  });
  return [...rows, ...links];
}

module.exports = { Comparison };
