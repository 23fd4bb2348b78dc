//! Plans of the translator: the first line is the kind, the rest is the plan. The translator has an answer or an error for each.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phantomdb_sequelize::translate::{sql::Values, translate};

fuzz_target!(|input: &str| {
    if let Some((kind, plan)) = input.split_once('\n') {
        let _ = translate(kind, plan, Values::bound(0));
    }
});
