//! Text: what PostgreSQL's functions of character strings compute, in a database with Unicode's rules for letters.

pub mod case;
pub mod format;
pub mod like;
pub mod limit;
pub mod normal;
pub mod pad;
pub mod property;
pub mod quote;
pub mod search;
pub mod slice;
pub mod unistr;
