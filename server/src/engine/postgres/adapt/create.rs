//! CREATE TABLE, CREATE INDEX, CREATE VIEW, DROP, COMMENT and schemas.
//!
//! Each takes the tree of a statement and answers with what PostgreSQL is to run, by [`Adapter::done`].

use super::Adapter;

impl Adapter<'_> {}
