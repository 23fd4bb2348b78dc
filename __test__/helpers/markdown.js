'use strict';

// The fenced code blocks of a Markdown page. The words after the language say what a test does with a block;
// `docs/contributing.md` lists them.

const FENCE = /^```(\S*)[ \t]*([^\n]*)\n(.*?)^```$/gms;

/**
 * @returns {{ language: string, file?: string, patch?: string, words: string[], code: string, line: number }[]} in their
 *   order; `file` is the name in `file=NAME`, `patch` that in `patch=NAME`, and `line` the line where the block begins
 */
function codeBlocks(text) {
  return Array.from(text.matchAll(FENCE), (match) => {
    const [, language, info, code] = match;
    const words = info.split(/\s+/).filter(Boolean);
    const named = (key) => words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
    const line = text.slice(0, match.index).split('\n').length;
    return { language, file: named('file'), patch: named('patch'), words, code, line };
  });
}

/** The blocks that are files, as an object of their text by their name. */
function filesOf(text) {
  const named = codeBlocks(text).filter(({ file }) => file);
  return Object.fromEntries(named.map(({ file, code }) => [file, code]));
}

/** Applies the lines of a diff that has no line numbers and no context to a text. */
function applyDiff(text, diff) {
  const lines = diff.trimEnd().split('\n');
  const marked = (mark) => lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(1));
  const before = marked('-').join('\n');
  if (text.split(before).length !== 2) throw new Error(`the file does not have these lines once:\n${before}`);
  return text.replace(before, () => marked('+').join('\n'));
}

module.exports = { applyDiff, codeBlocks, filesOf };
