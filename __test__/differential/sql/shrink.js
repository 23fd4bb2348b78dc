// Makes a statement smaller as long as the two engines still differ in the same way.

const { Node, SIMPLE, replaced, within } = require('./node');

const MOST_TRIES = 400;

/** What may stand in the place of a part. */
function smaller(part) {
  if (part.type === 'clause')
    return /^ (AND|WHERE|HAVING|LIMIT|FILTER|ORDER)/.test(part.text) ? [new Node('clause', [''])] : [];
  const parts = within(part).filter((child) => child.type === part.type);
  const simple = SIMPLE[part.type];
  const isLeaf = part.children.length === 0;
  if (simple && !isLeaf) parts.push(new Node(part.type, [simple]));
  return parts.filter((other) => other.text.length < part.text.length);
}

/** The answers to the smallest statement that was found. A difference that a rule explains is another one. */
async function shrink(engines, found, isExplained) {
  let best = found;
  let tries = 0;
  const differs = async (root) => {
    tries++;
    const answer = await engines.ask({ ...best, root });
    const isAlike =
      answer.verdict === best.verdict && answer.mine.code === best.mine.code && answer.theirs.code === best.theirs.code;
    if (!isAlike || (await isExplained(answer))) return false;
    best = answer;
    return true;
  };
  /** A part alone is the smallest of all. */
  for (const part of within(found.root)) {
    if (tries > MOST_TRIES || part.type === 'clause' || part.type === 'list' || part.type === 'query') continue;
    if (part.text.includes('"')) continue;
    if (await differs(new Node('statement', ['SELECT ', part, ' AS "x"']))) break;
  }
  for (let again = true; again && tries < MOST_TRIES; ) {
    again = false;
    const parts = within(best.root).reverse();
    search: for (const part of parts) {
      for (const other of smaller(part)) {
        if (tries > MOST_TRIES) break search;
        again = await differs(replaced(best.root, part, other));
        if (again) break search;
      }
    }
  }
  return best;
}

module.exports = { shrink };
