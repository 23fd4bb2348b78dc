//! How rows in the form of PostgreSQL's `record_send` are read: the layout has the names of the columns and the decoders
//! of their values. It is stored beside the rows of a keyed write.

use phantomdb_engine::ResultLimits;
use phantomdb_protocol::{Column, Error, Result, ResultSet};

use crate::rows::{Decoder, RowWriter, columns};

/// The layout as text.
pub(crate) fn encode(columns: &[Column], decoders: &[Decoder]) -> Result<String> {
    let names = columns.iter().map(|column| column.name.as_str());
    let layout: Vec<(&str, &Decoder)> = names.zip(decoders).collect();
    serde_json::to_string(&layout)
        .map_err(|_| Error::internal("what the answer is to be read by could not be written"))
}

/// The result whose rows were stored with this layout.
pub(crate) fn decode(layout: &str, records: &[u8]) -> Result<ResultSet> {
    let layout: Vec<(String, Decoder)> = serde_json::from_str(layout).map_err(|_| unreadable())?;
    let (names, decoders): (Vec<_>, Vec<_>) = layout.into_iter().unzip();
    let columns = columns(names, &decoders);
    let mut writer = RowWriter::new(&columns, &decoders, &ResultLimits::default());
    let rows = writer.push_records(records)?;
    writer.finish(rows)
}

pub(crate) fn unreadable() -> Error {
    Error::internal("the kept answer of the write cannot be read")
}
