//! A MySQL or MariaDB server, read in one transaction.

use mysql_async::{Conn, Opts, Row, Value, prelude::Queryable as _};
use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::types::ValueRef;

use super::{
    mysql_schema,
    mysql_sql::quote,
    reading::{EachRow, cause, unreadable},
};
use crate::model::{Loss, Table};
use phantomdb_sql::types::SqlType;

pub(crate) struct MySqlSource {
    connection: Conn,
}

impl MySqlSource {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        // The error of the parser may repeat the password.
        let wrong = |_| Error::new(ErrorCode::BadRequest, "the URL of MySQL cannot be read");
        let opts = Opts::from_url(&format!("mysql://{rest}")).map_err(wrong)?;
        if opts.db_name().is_none() {
            return Err(Error::new(ErrorCode::BadRequest, "the URL of MySQL must name a database"));
        }
        // Another part of the process may have chosen its own before; that one then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let place = format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port());
        let mut connection = Conn::new(opts).await.map_err(|error| match error {
            mysql_async::Error::Io(error) => {
                unreadable(format!("no connection to {place} could be made: {}", cause(&error)))
            }
            error => unreadable(error),
        })?;
        for sql in [
            "SET NAMES utf8mb4",
            "SET time_zone = '+00:00'",
            "SET SESSION sql_mode = ''",
            // The server waits while rows are written here.
            "SET SESSION net_write_timeout = 3600",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ] {
            connection.query_drop(sql).await.map_err(unreadable)?;
        }
        Ok(Self { connection })
    }

    pub(super) async fn tables(&mut self) -> Result<(Vec<Table>, Vec<Loss>)> {
        let mut reader = mysql_schema::Reader::new(&mut self.connection);
        let tables = reader.tables().await.map_err(unreadable)?;
        Ok((tables, reader.losses))
    }

    pub(super) async fn each_row(
        &mut self,
        table: &Table,
        columns: &[usize],
        row: &mut EachRow<'_>,
    ) -> Result<()> {
        let sql = format!("SELECT {} FROM {}", table.selected(columns), quote(&table.name().name));
        let kinds: Vec<SqlType> = columns.iter().map(|&index| table.columns[index].data_type()).collect();
        let mut result = self.connection.query_iter(sql).await.map_err(unreadable)?;
        while let Some(found) = result.next().await.map_err(unreadable)? {
            let values: Vec<ValueRef<'_>> =
                kinds.iter().enumerate().map(|(index, kind)| value(&found, index, kind)).collect();
            row(&values)?;
        }
        Ok(())
    }
}

fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

/// Values travel as text.
fn value<'a>(row: &'a Row, index: usize, data_type: &SqlType) -> ValueRef<'a> {
    match row.as_ref(index) {
        Some(Value::Bytes(bytes)) => {
            let parsed = || std::str::from_utf8(bytes).ok();
            match data_type {
                SqlType::Boolean => parsed().and_then(|text| text.parse().ok()).map(ValueRef::Integer),
                kind if kind.is_integer() => {
                    parsed().and_then(|text| text.parse().ok()).map(ValueRef::Integer)
                }
                // Write the shortest number that identifies the 32-bit float: 0.1, not 0.10000000149011612.
                SqlType::Real => parsed()
                    .and_then(|text| text.parse::<f32>().ok())
                    .map(|number| ValueRef::Real(shortest(number))),
                SqlType::Float | SqlType::Double => {
                    parsed().and_then(|text| text.parse().ok()).map(ValueRef::Real)
                }
                SqlType::Blob => Some(ValueRef::Blob(bytes)),
                _ => None,
            }
            .unwrap_or(ValueRef::Text(bytes))
        }
        Some(Value::Int(number)) => ValueRef::Integer(*number),
        Some(Value::Double(number)) => ValueRef::Real(*number),
        _ => ValueRef::Null,
    }
}
