'use strict';

// The files of a Rust crate, and which of them names something of which other one.

const fs = require('node:fs');
const path = require('node:path');

/** The text without comments, and with empty strings: no path is looked for in them. */
const withoutText = (source) =>
  source.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|\bb?r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.[^\n']*|[^\\'\n])'/g,
    (match) => (match.startsWith('/') ? ' ' : '""'),
  );

/** Where the block ends that begins at the next brace. */
function blockEnd(source, from) {
  let depth = 0;
  for (let at = source.indexOf('{', from); at >= 0 && at < source.length; at++) {
    if (source[at] === '{') depth++;
    if (source[at] === '}' && --depth === 0) return at + 1;
  }
  return source.length;
}

/** The text without the items that only tests have. */
function withoutTests(source) {
  let text = source;
  for (let at = text.search(/#\[cfg\(test\)\]/); at >= 0; at = text.search(/#\[cfg\(test\)\]/)) {
    const semicolon = text.indexOf(';', at);
    const brace = text.indexOf('{', at);
    const end = semicolon >= 0 && (brace < 0 || semicolon < brace) ? semicolon + 1 : blockEnd(text, at);
    text = text.slice(0, at) + text.slice(end);
  }
  return text;
}

/** The files that the module of a file may have its submodules in. */
const submoduleFolder = (file) =>
  /(^|\/)(lib|mod|main)\.rs$/.test(file) ? path.dirname(file) : file.slice(0, -'.rs'.length);

/** The modules of a crate by their path, such as `adapt::call`, each with its file and its text. */
function modulesOf(folder) {
  const modules = new Map();
  const visit = (name, file) => {
    const text = withoutTests(withoutText(fs.readFileSync(file, 'utf8')));
    modules.set(name, { file, text });
    for (const [, child] of text.matchAll(/\bmod\s+(?:r#)?(\w+)\s*;/g)) {
      const base = path.join(submoduleFolder(file), child);
      const found = [`${base}.rs`, path.join(base, 'mod.rs')].find((one) => fs.existsSync(one));
      if (found) visit(name ? `${name}::${child}` : child, found);
    }
  };
  visit('', path.join(folder, 'lib.rs'));
  return modules;
}

/** The paths of a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`. */
function usedPaths(tree) {
  const text = tree.trim();
  const brace = text.indexOf('{');
  if (brace < 0) return [text.replace(/\s+as\s+\w+$/, '')];
  const prefix = text.slice(0, brace);
  const parts = [];
  let depth = 0;
  let start = brace + 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if ((text[at] === ',' && depth === 0) || (text[at] === '}' && depth === 0)) {
      parts.push(text.slice(start, at));
      start = at + 1;
    } else if (text[at] === '}') depth--;
  }
  return parts.filter((part) => part.trim()).flatMap((part) => usedPaths(part).map((one) => `${prefix}${one}`));
}

/** The names of a use tree: those that it gives to the module, each with its path. */
const givenNames = (tree) =>
  usedPaths(tree.replace(/\s+as\s+(\w+)/g, (_, alias) => `::!${alias}`)).map((one) => {
    const [whole, alias] = one.replace(/\s+/g, '').split('::!');
    const segments = whole.split('::');
    return [alias ?? segments.at(-1), segments];
  });

/**
 * Finds the names that a file takes from others: the paths of its `use`, and in its code the paths from `crate`, `self`, `super`
 * and its submodules. A name that it only hands on (`pub use`) is no import: whoever uses it imports it from the file that
 * defines it.
 */
function namesOf(text) {
  const paths = [];
  const handedOn = new Map();
  const code = text.replace(/\b(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);/g, (_, isPublic, tree) => {
    for (const [name, segments] of givenNames(tree)) {
      handedOn.set(name, segments);
      if (!isPublic) paths.push(segments);
    }
    return ';';
  });
  for (const [one] of code.matchAll(/\b(?:\w+\s*::\s*)+\w+/g)) paths.push(one.replace(/\s+/g, '').split('::'));
  return { paths, handedOn };
}

/**
 * The files of a crate, each with the files of the same crate whose names it uses.
 * @param {string} folder the folder `src` of the crate
 */
function rustImports(folder) {
  const modules = modulesOf(folder);
  for (const one of modules.values()) Object.assign(one, namesOf(one.text));
  const moduleAt = (segments) => modules.get(segments.join('::'));

  /** The file that defines what a path means, seen from a module; undefined when another crate does. */
  const definitionOf = (here, path_, isFirst = true, seen = 0) => {
    let at = here;
    let rest = path_;
    if (isFirst && rest[0] === 'crate') [at, rest] = [[], rest.slice(1)];
    else if (isFirst && rest[0] === 'self') rest = rest.slice(1);
    else if (isFirst && rest[0] !== 'super' && !moduleAt([...here, rest[0]])) return undefined;
    while (rest[0] === 'super') [at, rest] = [at.slice(0, -1), rest.slice(1)];
    while (rest.length > 0 && moduleAt([...at, rest[0]])) [at, rest] = [[...at, rest[0]], rest.slice(1)];
    const target = moduleAt(at)?.handedOn.get(rest[0]);
    if (target && seen < 8) {
      const further = definitionOf(at, [...target, ...rest.slice(1)], true, seen + 1);
      if (further) return further;
    }
    return moduleAt(at)?.file;
  };

  const imports = new Map();
  for (const [name, { file, paths }] of modules) {
    const here = name ? name.split('::') : [];
    const others = new Set(paths.map((one) => definitionOf(here, one)));
    others.delete(undefined);
    others.delete(file);
    imports.set(file, [...others]);
  }
  return imports;
}

module.exports = { rustImports };
