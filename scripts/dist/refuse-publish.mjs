// npm runs this for `npm publish` in a clone, whose package would hold no addon.

console.error(
  'A clone is not what is published. Run `npm run dist`, and publish the tarballs in dist (docs/releasing.md).',
);
process.exitCode = 1;
