'use strict';

// Every page of the documentation has links that lead somewhere and code that is code, and docs/README.md lists it.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const { charts } = require('../bench/suite/pages');
const { codeBlocks } = require('./helpers/markdown');

const root = path.join(__dirname, '..');
const read = (page) => fs.readFileSync(path.join(root, page), 'utf8');
const docs = fs.readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'bench/README.md',
  'examples/README.md',
  ...docs.map((name) => `docs/${name}`),
];
/** What TypeScript says about syntax alone. */
const SYNTAX = { noLib: true, noResolve: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext };

/** The anchors of a page, as GitHub makes them of its headings. */
function anchors(text) {
  const seen = new Map();
  return Array.from(text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm), ([, heading]) => {
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
}

function isThere(page, target) {
  const [file, anchor] = target.split('#');
  const linked = file ? path.join(path.dirname(page), file) : page;
  if (!fs.existsSync(path.join(root, linked))) return false;
  return !anchor || anchors(read(linked)).includes(anchor);
}

describe.each(PAGES)('%s', (page) => {
  const text = read(page);
  const prose = text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');

  test('links to what is there', () => {
    const targets = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target);
    const own = targets.filter((target) => !/^https?:/.test(target));
    expect(own.filter((target) => !isThere(page, target))).toEqual([]);
  });

  test('has code that can be parsed', () => {
    const code = codeBlocks(text).filter(({ language }) => /^(js|ts|tsx|mjs)$/.test(language));
    const errors = code.flatMap(({ language, code: source, line }) => {
      const fileName = language === 'tsx' ? 'page.tsx' : 'page.ts';
      const { diagnostics } = ts.transpileModule(source, {
        compilerOptions: SYNTAX,
        fileName,
        reportDiagnostics: true,
      });
      return diagnostics.map(({ messageText }) => `line ${line}: ${messageText}`);
    });
    expect(errors).toEqual([]);
  });

  test('constructs Sequelize in the way that also compiles', () => {
    const code = codeBlocks(text).map((block) => block.code);
    expect(code.filter((source) => /new Sequelize\([^)\n]*\bnull\b[^)\n]*\{/.test(source))).toEqual([]);
  });
});

test('docs/README.md lists every page', () => {
  const listed = Array.from(read('docs/README.md').matchAll(/\]\((\w[\w-]*\.md)\)/g), ([, name]) => name);
  const others = docs.filter((name) => name !== 'README.md');
  expect([...new Set(listed)].sort()).toEqual(others.sort());
});

test('the charts show the figures of the pages (node bench/docs.mjs --charts)', () => {
  const drawn = Object.entries(charts());
  expect(drawn.length).toBeGreaterThan(0);
  for (const [file, chart] of drawn) expect({ file, chart: read(file) }).toEqual({ file, chart });
});
