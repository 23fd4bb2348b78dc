//! Converts rows from PostgreSQL's binary format to JSON text, in one pass.

use phantomdb_engine::ResultLimits;
use phantomdb_engine::json_rows::{
    self, JsonRows, write_base64, write_boolean, write_float, write_integer, write_json, write_null,
    write_text,
};
use phantomdb_protocol::{Column, ColumnType, Error, Result, ResultSet};
use phantomdb_values::times::Interval;
use serde::{Deserialize, Serialize};
use tokio_postgres::{
    Row,
    types::{FromSql, Kind, Type},
};

use crate::{
    numeric,
    time::{self, Clock},
};

/// How the binary form of a column's values is read. The names are stored with receipts, so they must not change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Decoder {
    Boolean,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    /// An exact decimal, which is given as text.
    Numeric,
    /// A `numeric` that is an average or a sum, for which PhantomDB SQL has a float or an integer.
    NumericAsFloat,
    NumericAsInteger,
    Text,
    Enum,
    Json,
    Jsonb,
    Timestamp,
    Date,
    Time,
    Interval,
    Uuid,
    Blob,
    Void,
    /// An array, which is given as a JSON array.
    Array(Box<Self>),
    /// A type whose binary form is unknown here.
    Unknown(String),
}

impl Decoder {
    pub(crate) fn for_type(data_type: &Type) -> Self {
        match *data_type {
            Type::BOOL => return Self::Boolean,
            Type::INT2 => return Self::Int2,
            Type::INT4 => return Self::Int4,
            Type::INT8 => return Self::Int8,
            Type::OID | Type::XID | Type::CID | Type::REGCLASS | Type::REGTYPE | Type::REGPROC => {
                return Self::Oid;
            }
            Type::FLOAT4 => return Self::Float4,
            Type::FLOAT8 => return Self::Float8,
            Type::NUMERIC => return Self::Numeric,
            Type::JSON => return Self::Json,
            Type::JSONB => return Self::Jsonb,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => return Self::Timestamp,
            Type::DATE => return Self::Date,
            Type::TIME | Type::TIMETZ => return Self::Time,
            Type::INTERVAL => return Self::Interval,
            Type::UUID => return Self::Uuid,
            Type::BYTEA => return Self::Blob,
            Type::VOID => return Self::Void,
            Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::UNKNOWN
            | Type::CHAR
            | Type::XML
            | Type::CSTRING => {
                return Self::Text;
            }
            _ => {}
        }
        match data_type.kind() {
            Kind::Enum(_) => Self::Enum,
            Kind::Domain(base) => Self::for_type(base),
            Kind::Array(element) => match Self::for_type(element) {
                unknown @ Self::Unknown(_) => unknown,
                element => Self::Array(Box::new(element)),
            },
            _ if data_type.name() == "citext" => Self::Text,
            _ => Self::Unknown(data_type.name().to_owned()),
        }
    }

    pub(crate) fn column_type(&self) -> ColumnType {
        match self {
            Self::Boolean => ColumnType::Boolean,
            Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid | Self::NumericAsInteger => ColumnType::Integer,
            Self::Float4 | Self::Float8 | Self::NumericAsFloat => ColumnType::Float,
            Self::Numeric => ColumnType::Decimal,
            Self::Text | Self::Interval => ColumnType::String,
            Self::Enum => ColumnType::Enum,
            Self::Json | Self::Jsonb | Self::Array(_) => ColumnType::Json,
            Self::Timestamp => ColumnType::Timestamp,
            Self::Date => ColumnType::Date,
            Self::Time => ColumnType::Time,
            Self::Uuid => ColumnType::Uuid,
            Self::Blob => ColumnType::Blob,
            Self::Void | Self::Unknown(_) => ColumnType::Any,
        }
    }

    fn write(&self, out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Boolean => write_boolean(out, bytes != [0]),
            Self::Int2 => write_json(out, &i16::from_be_bytes(fixed(bytes)?)),
            Self::Int4 => write_json(out, &i32::from_be_bytes(fixed(bytes)?)),
            Self::Int8 => write_integer(out, i64::from_be_bytes(fixed(bytes)?)),
            Self::Oid => write_json(out, &u32::from_be_bytes(fixed(bytes)?)),
            Self::Float4 => write_float4(out, f32::from_be_bytes(fixed(bytes)?)),
            Self::Float8 => write_float(out, f64::from_be_bytes(fixed(bytes)?)),
            Self::Numeric => write_json(out, &numeric::to_text(bytes).ok_or_else(unreadable)?),
            Self::NumericAsFloat => {
                let text = numeric::to_text(bytes).ok_or_else(unreadable)?;
                write_float(out, text.parse().map_err(|_| unreadable())?);
            }
            Self::NumericAsInteger => {
                let text = numeric::to_text(bytes).ok_or_else(unreadable)?;
                match text.parse() {
                    Ok(integer) => write_integer(out, integer),
                    Err(_) => write_json(out, &text),
                }
            }
            Self::Text | Self::Enum => write_text(out, bytes),
            Self::Json => out.extend_from_slice(bytes.trim_ascii()),
            // The first byte is the version of the format.
            Self::Jsonb => out.extend_from_slice(bytes.get(1..).ok_or_else(unreadable)?),
            Self::Timestamp => time::write_timestamp(out, i64::from_be_bytes(fixed(bytes)?)),
            Self::Date => time::write_date(out, i32::from_be_bytes(fixed(bytes)?)),
            // A zone may follow the time. It is the session's, which is UTC.
            Self::Time => {
                let micros = i64::from_be_bytes(fixed(bytes.get(..8).ok_or_else(unreadable)?)?);
                write_json(out, &Clock(micros).to_string());
            }
            Self::Interval => {
                let (micros, days) = (fixed(&bytes[..8.min(bytes.len())])?, bytes.get(8..12));
                let (days, months) = (days.ok_or_else(unreadable)?, bytes.get(12..).ok_or_else(unreadable)?);
                let interval = Interval {
                    micros: i64::from_be_bytes(micros),
                    days: i32::from_be_bytes(fixed(days)?),
                    months: i32::from_be_bytes(fixed(months)?),
                };
                write_json(out, &interval.to_string());
            }
            Self::Uuid => write_json(
                out,
                &*uuid::Uuid::from_bytes(fixed(bytes)?)
                    .hyphenated()
                    .encode_lower(&mut uuid::Uuid::encode_buffer()),
            ),
            Self::Blob => write_base64(out, bytes),
            Self::Void => write_null(out),
            Self::Array(element) => write_array(out, element, bytes)?,
            Self::Unknown(name) => return Err(unknown_type(name)),
        }
        Ok(())
    }
}

/// Writes four bytes with their own digits: JavaScript would read `0.1` as `0.10000000149011612`, were it converted to
/// eight bytes first.
fn write_float4(out: &mut Vec<u8>, float: f32) {
    if float.is_finite() {
        write_json(out, &float);
    } else {
        write_float(out, f64::from(float));
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| unreadable())
}

fn unreadable() -> Error {
    Error::internal("the database sent a value that cannot be read")
}

pub(crate) fn unknown_type(name: &str) -> Error {
    Error::unsupported(format!(
        "a result of the type {name} cannot be read; cast it to TEXT in the statement"
    ))
}

/// Reads the number of dimensions, the flags and the type; for each dimension its length and lower bound; then the
/// elements.
fn write_array(out: &mut Vec<u8>, element: &Decoder, bytes: &[u8]) -> Result<()> {
    let mut cursor = ByteCursor(bytes);
    let dimensions = cursor.i32()?;
    cursor.skip(8)?;
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(usize::try_from(cursor.i32()?).map_err(|_| unreadable())?);
        cursor.skip(4)?;
    }
    if lengths.is_empty() {
        out.extend_from_slice(b"[]");
        return Ok(());
    }
    write_dimension(out, element, &mut cursor, &lengths)
}

fn write_dimension(
    out: &mut Vec<u8>,
    element: &Decoder,
    cursor: &mut ByteCursor<'_>,
    lengths: &[usize],
) -> Result<()> {
    let Some((length, inner)) = lengths.split_first() else {
        let size = cursor.i32()?;
        let Ok(size) = usize::try_from(size) else {
            write_null(out);
            return Ok(());
        };
        return element.write(out, cursor.take(size)?);
    };
    out.push(b'[');
    for index in 0..*length {
        if index > 0 {
            out.push(b',');
        }
        write_dimension(out, element, cursor, inner)?;
    }
    out.push(b']');
    Ok(())
}

struct ByteCursor<'a>(&'a [u8]);

impl<'a> ByteCursor<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size).ok_or_else(unreadable)?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, size: usize) -> Result<()> {
        self.take(size).map(drop)
    }

    fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(fixed(self.take(4)?)?))
    }
}

/// The bytes of a cell as PostgreSQL sent them.
struct RawCell<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for RawCell<'a> {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A result that grows by one row at a time.
pub(crate) struct RowWriter<'a> {
    rows: JsonRows,
    columns: &'a [Column],
    decoders: &'a [Decoder],
}

impl<'a> RowWriter<'a> {
    pub(crate) fn new(columns: &'a [Column], decoders: &'a [Decoder], limits: &ResultLimits) -> Self {
        Self { rows: JsonRows::new(limits), columns, decoders }
    }

    pub(crate) fn push(&mut self, row: &Row) -> Result<()> {
        self.rows.push(self.decoders.len(), |out, index| {
            let RawCell(bytes) = row.try_get(index).map_err(|_| unreadable())?;
            match bytes {
                None => write_null(out),
                Some(bytes) => self.decoders[index].write(out, bytes)?,
            }
            Ok(())
        })
    }

    /// Adds rows in the form of `record_send`, one after the other. A row has the number of its values; a value has its
    /// type, its length (-1 for NULL) and its bytes. Gives the number of rows.
    pub(crate) fn push_records(&mut self, records: &[u8]) -> Result<u64> {
        let mut cursor = ByteCursor(records);
        while !cursor.0.is_empty() {
            if usize::try_from(cursor.i32()?) != Ok(self.decoders.len()) {
                return Err(unreadable());
            }
            self.rows.push(self.decoders.len(), |out, index| {
                cursor.skip(4)?;
                match usize::try_from(cursor.i32()?) {
                    Ok(size) => self.decoders[index].write(out, cursor.take(size)?),
                    Err(_) => {
                        write_null(out);
                        Ok(())
                    }
                }
            })?;
        }
        Ok(self.rows.rows())
    }

    pub(crate) fn finish(self, affected_rows: u64) -> Result<ResultSet> {
        Ok(ResultSet { columns: self.columns.to_vec(), rows: self.rows.finish()?, affected_rows })
    }
}

/// The columns of a result, from their names and decoders.
pub(crate) fn columns(names: Vec<String>, decoders: &[Decoder]) -> Vec<Column> {
    let columns = names.into_iter().zip(decoders);
    columns.map(|(name, decoder)| Column::new(name, decoder.column_type())).collect()
}

/// The result of a statement that returns nothing.
pub(crate) fn empty_result() -> ResultSet {
    ResultSet { columns: Vec::new(), rows: json_rows::empty(), affected_rows: 0 }
}

/// The result of a write that returns no rows.
pub(crate) fn affected_rows(affected: i64) -> ResultSet {
    ResultSet { affected_rows: affected.unsigned_abs(), ..empty_result() }
}
