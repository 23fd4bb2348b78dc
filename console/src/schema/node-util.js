// Stands in for Node's `util` in the writer of models: values as source.

/** A text in the quotes that need no escapes, as Node chooses them. */
function quoted(text) {
  const quote =
    ["'", '"', '`'].find((quote) => !text.includes(quote) && !(quote === '`' && text.includes('${'))) ?? "'";
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return `${quote}${escaped.replaceAll(quote, `\\${quote}`)}${quote}`;
}

export function inspect(value) {
  if (typeof value === 'string') return quoted(value);
  return Array.isArray(value) ? `[ ${value.map(inspect).join(', ')} ]` : String(value);
}
