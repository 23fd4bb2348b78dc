// The programs of README.md, as a reader saves them.

import fs from 'node:fs';
import path from 'node:path';

const README = path.join(import.meta.dirname, '..', '..', 'README.md');

/** The first code block in a language, or undefined. */
function firstBlock(text, language) {
  return new RegExp(`^\`\`\`${language}\\b[^\\n]*\\n(.*?)^\`\`\``, 'ms').exec(text)?.[1];
}

/** CommonJS as ES modules. */
function asModule(code) {
  return code.replace(/^const (\{[^}]*\}) = require\(('[^']+')\);$/gm, 'import $1 from $2;');
}

/**
 * The first example as CommonJS, as an ES module and in TypeScript, and what each prints.
 *
 * @returns {{ files: Record<string, string>, output: string }}
 */
export function programs() {
  const text = fs.readFileSync(README, 'utf8');
  const code = firstBlock(text, 'js');
  const output = firstBlock(text, 'text output');
  if (!code || !output) throw new Error('README.md has no example, or does not say what it prints');
  const module = asModule(code);
  if (module === code) throw new Error("README.md's example does not require the package");
  return { files: { 'app.js': code, 'app.mjs': module, 'app.ts': firstBlock(text, 'ts') ?? module }, output };
}
