//! The SQLite engine from outside: PhantomDB SQL in, results out, on files and in memory.

mod concurrency;
mod errors;
mod statements;
mod support;
mod survival;
mod transactions;
