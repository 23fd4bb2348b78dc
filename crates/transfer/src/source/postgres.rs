//! A PostgreSQL server, read in one transaction.

use std::time::Duration;

use futures_util::StreamExt as _;
use phantomdb_protocol::Result;
use rusqlite::types::ValueRef;
use tokio_postgres::Client;

use super::{
    postgres_schema,
    postgres_sql::{qualified_name, read_error},
    reading::{EachRow, cause, unreadable},
};
use crate::model::{Loss, Table};
use phantomdb_engine_postgres::{Target, addresses, connector, obstacle};
use phantomdb_sql::types::SqlType;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) struct PostgresSource {
    client: Client,
}

impl PostgresSource {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let mut target = Target::parse(url, CONNECT_TIMEOUT)?;
        let tls = connector(&target)?;
        let config = target.config.application_name("phantomdb import");
        let (client, connection) =
            config.connect(tls).await.map_err(|error| match obstacle(&error, config) {
                Some(why) => unreadable(why),
                None if error.as_db_error().is_some() => read_error(error),
                None => unreadable(format!(
                    "no connection to {} could be made: {}",
                    addresses(config),
                    cause(&error)
                )),
            })?;
        tokio::spawn(async move {
            // Whoever waits for an answer is read_error as well.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to PostgreSQL ended");
            }
        });
        client
            .batch_execute(
                "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; \
                 SET extra_float_digits = 1; SET bytea_output = 'hex'; SET statement_timeout = 0; \
                 SET search_path = pg_catalog; \
                 BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            )
            .await
            .map_err(read_error)?;
        Ok(Self { client })
    }

    pub(super) async fn tables(&mut self) -> Result<(Vec<Table>, Vec<Loss>)> {
        let mut reader = postgres_schema::Reader::new(&self.client);
        let tables = reader.tables().await?;
        Ok((tables, reader.losses))
    }

    pub(super) async fn each_row(
        &mut self,
        table: &Table,
        columns: &[usize],
        row: &mut EachRow<'_>,
    ) -> Result<()> {
        let sql =
            format!("COPY (SELECT {} FROM {}) TO STDOUT", table.selected(columns), qualified_name(table));
        let kinds: Vec<Kind> = columns.iter().map(|&index| Kind::of(table, index)).collect();
        let stream = self.client.copy_out(&sql).await.map_err(read_error)?;
        let mut stream = std::pin::pin!(stream);
        let mut fields = Fields::default();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(read_error)?;
            // Each message is a row.
            fields.read(&chunk, columns.len())?;
            let values: Vec<ValueRef<'_>> =
                kinds.iter().enumerate().map(|(index, kind)| fields.value(index, *kind)).collect();
            row(&values)?;
        }
        Ok(())
    }
}

/// The form of a value in the text format.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Integer,
    Float,
    Boolean,
    Bytes,
    Text,
}

impl Kind {
    fn of(table: &Table, index: usize) -> Self {
        match table.columns[index].declared.as_str() {
            "bytea" => return Self::Bytes,
            "boolean" => return Self::Boolean,
            _ => {}
        }
        match table.columns[index].data_type() {
            data_type if data_type.is_integer() => Self::Integer,
            SqlType::Real | SqlType::Float | SqlType::Double => Self::Float,
            _ => Self::Text,
        }
    }
}

/// The fields of a row in the text format of COPY.
#[derive(Default)]
struct Fields {
    text: Vec<u8>,
    /// Where each field is in `text`; none for NULL.
    places: Vec<Option<(usize, usize)>>,
    /// How each field of bytes is encoded.
    bytes: Vec<Vec<u8>>,
}

impl Fields {
    fn read(&mut self, line: &[u8], expected: usize) -> Result<()> {
        self.text.clear();
        self.places.clear();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        for field in line.split(|byte| *byte == b'\t') {
            if field == b"\\N" {
                self.places.push(None);
                continue;
            }
            let start = self.text.len();
            unescape(field, &mut self.text);
            self.places.push(Some((start, self.text.len())));
        }
        self.bytes.resize(self.places.len(), Vec::new());
        for (bytes, place) in self.bytes.iter_mut().zip(&self.places) {
            bytes.clear();
            if let Some((start, end)) = place
                && let Some(digits) = self.text[*start..*end].strip_prefix(b"\\x")
            {
                bytes.extend(digits.chunks_exact(2).filter_map(|pair| {
                    let pair = std::str::from_utf8(pair).ok()?;
                    u8::from_str_radix(pair, 16).ok()
                }));
            }
        }
        if self.places.len() == expected {
            Ok(())
        } else {
            Err(unreadable("a row has not as many values as columns"))
        }
    }

    fn value(&self, index: usize, kind: Kind) -> ValueRef<'_> {
        let Some((start, end)) = self.places.get(index).copied().flatten() else { return ValueRef::Null };
        let text = &self.text[start..end];
        let parsed = || std::str::from_utf8(text).ok();
        match kind {
            Kind::Integer => parsed().and_then(|text| text.parse().ok()).map(ValueRef::Integer),
            // NaN is kept as text.
            Kind::Float => parsed()
                .and_then(|text| text.parse::<f64>().ok())
                .filter(|number| !number.is_nan())
                .map(ValueRef::Real),
            Kind::Boolean => Some(ValueRef::Integer(i64::from(text == b"t"))),
            Kind::Bytes => self.bytes.get(index).map(|bytes| ValueRef::Blob(bytes)),
            Kind::Text => None,
        }
        .unwrap_or(ValueRef::Text(text))
    }
}

fn unescape(field: &[u8], text: &mut Vec<u8>) {
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 11,
                Some(other) => other,
                None => b'\\',
            },
            other => other,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_the_text_format_of_copy() {
        let mut fields = Fields::default();
        fields.read(b"1\t\\N\ta\\tb\\\\c\t\\\\x00ff\tt\tNaN\n", 6).unwrap();
        assert_eq!(fields.value(0, Kind::Integer), ValueRef::Integer(1));
        assert_eq!(fields.value(1, Kind::Text), ValueRef::Null);
        assert_eq!(fields.value(2, Kind::Text), ValueRef::Text(b"a\tb\\c"));
        assert_eq!(fields.value(3, Kind::Bytes), ValueRef::Blob(&[0, 255]));
        assert_eq!(fields.value(4, Kind::Boolean), ValueRef::Integer(1));
        assert_eq!(fields.value(5, Kind::Float), ValueRef::Text(b"NaN"));
        assert!(fields.read(b"1\n", 2).is_err());
    }
}
