//! Tables in an order in which each comes after those its foreign keys point to, as far as there is one.

use std::collections::HashSet;

use phantomdb_protocol::{Constraint, TableName, TableSchema};

/// Returns the indexes of the tables in such an order. In a cycle an arbitrary table comes first.
pub fn by_references(tables: &[&TableSchema]) -> Vec<usize> {
    let mut order = Vec::with_capacity(tables.len());
    let mut placed: HashSet<&TableName> = HashSet::new();
    let known: HashSet<&TableName> = tables.iter().map(|table| &table.table).collect();
    while order.len() < tables.len() {
        let waits_for = |table: &TableSchema| {
            referenced(table)
                .filter(|other| **other != table.table && known.contains(other) && !placed.contains(other))
                .count()
        };
        let waiting = (0..tables.len()).filter(|index| !placed.contains(&tables[*index].table));
        // The first that waits for the fewest, which is none but in a cycle.
        let Some(next) = waiting.min_by_key(|&index| (waits_for(tables[index]), index)) else { break };
        placed.insert(&tables[next].table);
        order.push(next);
    }
    order
}

fn referenced(table: &TableSchema) -> impl Iterator<Item = &TableName> {
    table.constraints.iter().filter_map(|constraint| match constraint {
        Constraint::ForeignKey { references, name: _, columns: _ } => Some(&references.table),
        _ => None,
    })
}
