// JSON as it crosses into the addon.

const fs = require('node:fs');
const path = require('node:path');

const fc = require('fast-check');

const { toJson } = require('../driver/json');

const root = path.join(__dirname, '..');

/** A value with the strings in it, and the names of its fields, well-formed. */
function wellFormed(value) {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name.toWellFormed(), wellFormed(item)]));
}

const text = fc.string({ unit: 'binary' }).map((whole) => whole.slice(0, -1));
const odd = fc
  .array(fc.constantFrom('\\', '"', 'u', 'd83c', '\\ud83c', '\ud83c', '\udf89', '🎉', '\n', 'a'))
  .map((parts) => parts.join(''));
const string = fc.oneof(text, odd);

test('half of a surrogate pair becomes U+FFFD, and nothing else changes', () => {
  expect(JSON.parse(toJson({ '\udf89': ['🎉'.slice(0, 1), '\\ud83c', '🎉'] }))).toEqual({
    '\ufffd': ['\ufffd', '\\ud83c', '🎉'],
  });
  expect(toJson(undefined)).toBeUndefined();
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      string,
      fc.constantFrom(null, true, 1.5),
      fc.array(tie('value')),
      fc.dictionary(string, tie('value')),
    ),
  })).value;
  fc.assert(fc.property(value, (given) => expect(JSON.parse(toJson(given))).toEqual(wellFormed(given))));
});

test('everything that crosses is written by toJson', () => {
  const files = ['driver', 'sequelize'].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
  const others = files
    .filter((name) => name.endsWith('.js') && !['driver/json.js', 'sequelize/parsers.js'].includes(name))
    .flatMap((name) => {
      const lines = fs.readFileSync(path.join(root, name), 'utf8').split('\n');
      return lines.filter((line) => /JSON\.stringify\(/.test(line)).map((line) => `${name}: ${line.trim()}`);
    });
  // A message is text for people.
  expect(others.filter((line) => !line.includes('${JSON.stringify('))).toEqual([]);
});
