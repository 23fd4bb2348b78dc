// Answers with rows, in which the numbers of documents keep their digits: `1.10`, and whole numbers above 2^53.

/** A number of a document as it is written, when JavaScript would write it otherwise. */
const exactNumber = (_, value, { source }) =>
  typeof value === 'number' && String(value) !== source ? JSON.rawJSON(source) : value;

/**
 * Reads an answer, or a line of a stream. In a document, a number that would lose digits is what `JSON.rawJSON` returns, which
 * `JSON.stringify` writes as it was. A browser without that reads all numbers as JavaScript's.
 */
export function readAnswer(text) {
  const answer = JSON.parse(text);
  const { columns = [], rows } = answer.result ?? answer;
  const documents = columns.flatMap(({ type }, at) => (type === 'json' ? [at] : []));
  if (documents.length === 0 || JSON.rawJSON === undefined) return answer;
  const exact = JSON.parse(text, exactNumber);
  const exactRows = (exact.result ?? exact).rows;
  for (const [at, row] of rows.entries()) {
    for (const column of documents) row[column] = exactRows[at][column];
  }
  return answer;
}
