// The types for `import`. They are those of `require`; the default export is what `require` returns.

import * as phantomdb from './index.js';

export * from './index.js';
export default phantomdb;
