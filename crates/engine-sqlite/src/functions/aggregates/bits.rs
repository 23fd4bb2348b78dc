//! `bit_and`, `bit_or`, `bit_xor`, `bool_and` and `bool_or`.

use phantomdb_values::{
    aggregates::bits::{Bits, Join},
    numbers::integer::Width,
};
use rusqlite::{Connection, types::Value};

use super::strict_aggregate::strict;
use crate::functions::{convert, numbers::values::integer};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    for (name, join) in [("bit_and", Join::And), ("bit_or", Join::Or), ("bit_xor", Join::Xor)] {
        strict(
            conn,
            &format!("phantomdb_{name}"),
            1,
            Bits::default,
            |bits, row| {
                bits.add(integer(row[0], Width::Big)?);
                Ok(())
            },
            |bits, row| {
                bits.remove(integer(row[0], Width::Big)?);
                Ok(())
            },
            move |bits| Ok(bits.join(join).map_or(Value::Null, Value::Integer)),
        )?;
    }
    for (name, all) in [("phantomdb_bool_and", true), ("phantomdb_bool_or", false)] {
        strict(
            conn,
            name,
            1,
            Booleans::default,
            |booleans, row| {
                booleans.count += 1;
                booleans.set += u64::from(convert::boolean(row[0])? == Value::Integer(1));
                Ok(())
            },
            |booleans, row| {
                booleans.count = booleans.count.saturating_sub(1);
                let set = u64::from(convert::boolean(row[0])? == Value::Integer(1));
                booleans.set = booleans.set.saturating_sub(set);
                Ok(())
            },
            move |booleans| Ok(booleans.join(all)),
        )?;
    }
    Ok(())
}

/// How many values there are, and how many of them are true.
#[derive(Default)]
struct Booleans {
    count: u64,
    set: u64,
}

impl Booleans {
    fn join(&self, all: bool) -> Value {
        match self.count {
            0 => Value::Null,
            count => Value::Integer(i64::from(if all { self.set == count } else { self.set > 0 })),
        }
    }
}
