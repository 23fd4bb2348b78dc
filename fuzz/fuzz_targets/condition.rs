//! The texts of a find call: its condition, columns and order. The cache of conditions changes no answer, and what is printed
//! is read again as the same.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phantomdb_sql::calls::Fragments;

static FRAGMENTS: LazyLock<Fragments> = LazyLock::new(Fragments::default);

fuzz_target!(|text: &str| {
    assert_eq!(FRAGMENTS.condition(text), Fragments::uncached().condition(text));
    for read in [Fragments::columns, Fragments::order_by] {
        if let Ok(printed) = read(&FRAGMENTS, text) {
            match read(&FRAGMENTS, &printed) {
                Ok(again) => assert_eq!(again, printed, "{text:?}"),
                // The parentheses that the printer adds may be too many.
                Err(error) => assert!(error.message.contains("nested too deeply"), "{text:?}: {error:?}"),
            }
        }
    }
});
