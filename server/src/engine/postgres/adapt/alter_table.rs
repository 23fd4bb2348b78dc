//! ALTER TABLE.

use super::Adapter;

impl Adapter<'_> {}
