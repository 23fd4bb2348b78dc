import phantomdb from './index.js';

export const { PhantomDBDialect, PhantomDBError } = phantomdb;
export default phantomdb;
