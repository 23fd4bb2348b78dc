//! The queries of PostgreSQL's catalog, and their rows. They use only what CockroachDB and YugabyteDB have too.

use phantomdb_protocol::Result;
use tokio_postgres::{Client, Row, types::Type};

use crate::{error, schemas::USER_SCHEMAS, types::CatalogType};

/// A table or a view.
pub(crate) struct Relation {
    pub(crate) oid: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) comment: Option<String>,
}

pub(crate) struct ColumnRow {
    pub(crate) number: i16,
    pub(crate) name: String,
    pub(crate) not_null: bool,
    pub(crate) stored: CatalogType,
    pub(crate) identity: bool,
    pub(crate) generated: bool,
    /// The default, or the expression of a generated column.
    pub(crate) default: Option<String>,
    pub(crate) comment: Option<String>,
}

pub(crate) struct ConstraintRow {
    pub(crate) name: String,
    /// The kind: `p`, `u`, `f` or `c`.
    pub(crate) kind: String,
    pub(crate) columns: Vec<i16>,
    pub(crate) referenced: Option<(String, String)>,
    pub(crate) referenced_columns: Vec<String>,
    pub(crate) on_delete: String,
    pub(crate) on_update: String,
    pub(crate) deferrable: bool,
    pub(crate) deferred: bool,
    /// The definition of a check: `CHECK (…)`.
    pub(crate) check: Option<String>,
    /// The comment on a check.
    pub(crate) comment: Option<String>,
}

/// A field of an index that backs no constraint, with what belongs to the whole index.
pub(crate) struct IndexRow {
    pub(crate) name: String,
    pub(crate) unique: bool,
    pub(crate) definition: String,
    /// The number of the column; 0 for an expression.
    pub(crate) column: i16,
    pub(crate) expression: String,
    pub(crate) descending: bool,
    /// The collation, when it differs from the column's.
    pub(crate) collation: Option<String>,
}

const RELATION: &str = "SELECT c.oid, n.nspname::text, c.relname::text, obj_description(c.oid, 'pg_class') \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')";

/// The expression of a default is printed without its table, because it names no column: with the table PostgreSQL
/// would wait for anybody who changes the table. The expression of a generated column names columns, so it needs the
/// table.
const COLUMNS: &str = "SELECT a.attnum, a.attname::text, a.attnotnull, t.typname::text, a.atttypmod::int4, \
    format_type(a.atttypid, a.atttypmod), \
    CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e \
        WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END, \
    a.attidentity::text IN ('a', 'd'), a.attgenerated::text <> '', \
    CASE WHEN a.attgenerated::text = '' THEN pg_get_expr(d.adbin, 0) ELSE pg_get_expr(d.adbin, d.adrelid) END, col_description(a.attrelid, a.attnum::int4) \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const CONSTRAINTS: &str = "SELECT k.conname::text, k.contype::text, k.conkey, rn.nspname::text, r.relname::text, \
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (n, at) \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.at), \
    k.confdeltype::text, k.confupdtype::text, k.condeferrable, k.condeferred, \
    CASE WHEN k.contype = 'c' THEN pg_get_constraintdef(k.oid) END, \
    CASE WHEN k.contype = 'c' THEN obj_description(k.oid, 'pg_constraint') END \
    FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid \
    LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace \
    WHERE k.conrelid = $1 AND k.contype IN ('p', 'u', 'f', 'c') ORDER BY k.contype <> 'p', k.oid";

const INDEXES: &str = "SELECT c.relname::text, i.indisunique, pg_get_indexdef(i.indexrelid), \
    i.indkey[f.n - 1], pg_get_indexdef(i.indexrelid, f.n, false), \
    (i.indoption[f.n - 1] & 1) = 1, o.collname::text \
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
    JOIN generate_series(1, 32) AS f (n) ON f.n <= i.indnkeyatts \
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[f.n - 1] \
    LEFT JOIN pg_catalog.pg_collation o ON o.oid = i.indcollation[f.n - 1] AND o.oid <> a.attcollation \
    WHERE i.indrelid = $1 AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k \
        WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')) \
    ORDER BY c.relname::text COLLATE \"C\", f.n";

const TABLES: &str = "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND left(c.relname::text, 10) <> 'phantomdb_'";

const VIEWS: &str = "SELECT n.nspname::text, c.relname::text, pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')";

/// Finds the table of this name, or the only one whose name differs in case alone.
pub(crate) async fn find_relation(client: &Client, schema: &str, name: &str) -> Result<Option<Relation>> {
    relation_where(client, "c.relname = $2", schema, name).await
}

/// The only table whose name is the same but for the case of its letters.
pub(crate) async fn find_similar(client: &Client, schema: &str, name: &str) -> Result<Option<Relation>> {
    relation_where(client, "lower(c.relname::text) = lower($2)", schema, name).await
}

/// Returns whether there is a table of exactly this name, and waits until the transaction that has made it is over.
///
/// A query sees what another transaction has committed a moment before the names in statements are looked up anew. The size
/// of a table is read under a lock on it, which PostgreSQL gives when both are so.
pub(crate) async fn has_settled(client: &Client, schema: &str, name: &str) -> Result<bool> {
    const SETTLED: &str = "SELECT pg_catalog.pg_relation_size(c.oid) \
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relname = $2";
    let rows = client.query_typed(SETTLED, &[(&schema, Type::TEXT), (&name, Type::TEXT)]).await;
    Ok(!rows.map_err(|error| error::explain(&error))?.is_empty())
}

async fn relation_where(
    client: &Client,
    condition: &str,
    schema: &str,
    name: &str,
) -> Result<Option<Relation>> {
    let sql = format!("{RELATION} AND {condition}");
    let rows = client.query_typed(&sql, &[(&schema, Type::TEXT), (&name, Type::TEXT)]).await;
    let rows = rows.map_err(|error| error::explain(&error))?;
    let [row] = rows.as_slice() else { return Ok(None) };
    Ok(Some(Relation { oid: row.get(0), schema: row.get(1), name: row.get(2), comment: row.get(3) }))
}

/// The table or view with this number.
pub(crate) async fn relation_of(client: &Client, oid: u32) -> Result<Option<Relation>> {
    const BY_NUMBER: &str = "SELECT c.oid, n.nspname::text, c.relname::text, NULL::text FROM pg_catalog.pg_class c \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1";
    let rows = client.query_typed(BY_NUMBER, &[(&oid, Type::OID)]).await;
    let rows = rows.map_err(|error| error::explain(&error))?;
    let relation =
        |row: &Row| Relation { oid: row.get(0), schema: row.get(1), name: row.get(2), comment: row.get(3) };
    Ok(rows.first().map(relation))
}

/// Reads the columns, constraints and indexes of a table in one round trip.
pub(crate) async fn parts(
    client: &Client,
    oid: u32,
) -> Result<(Vec<ColumnRow>, Vec<ConstraintRow>, Vec<IndexRow>)> {
    let oid = [(&oid as _, Type::OID)];
    let (columns, constraints, indexes) = tokio::try_join!(
        client.query_typed(COLUMNS, &oid),
        client.query_typed(CONSTRAINTS, &oid),
        client.query_typed(INDEXES, &oid),
    )
    .map_err(|error| error::explain(&error))?;
    Ok((
        columns.iter().map(column).collect(),
        constraints.iter().map(constraint).collect(),
        indexes.iter().map(index).collect(),
    ))
}

/// The schema and the name of each table of the users.
pub(crate) async fn tables(client: &Client) -> Result<Vec<(String, String)>> {
    let rows = client
        .query_typed(&format!("{TABLES} AND {USER_SCHEMAS}"), &[])
        .await
        .map_err(|error| error::explain(&error))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The schema, the name and the query of each view of the users.
pub(crate) async fn views(client: &Client) -> Result<Vec<(String, String, String)>> {
    let rows = client
        .query_typed(&format!("{VIEWS} AND {USER_SCHEMAS}"), &[])
        .await
        .map_err(|error| error::explain(&error))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// The names of the checks on this column alone.
pub(crate) async fn checks(client: &Client, schema: &str, table: &str, column: &str) -> Result<Vec<String>> {
    const CHECKS: &str = "SELECT k.conname::text FROM pg_catalog.pg_constraint k \
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND ARRAY[a.attnum] = k.conkey \
        WHERE k.contype = 'c' AND n.nspname = $1 AND c.relname = $2 AND a.attname = $3";
    let parameters = [(&schema as _, Type::TEXT), (&table as _, Type::TEXT), (&column as _, Type::TEXT)];
    let rows = client.query_typed(CHECKS, &parameters).await.map_err(|error| error::explain(&error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The columns of a foreign key, in its order.
pub(crate) async fn key_columns(
    client: &Client,
    schema: &str,
    table: &str,
    key: &str,
) -> Result<Vec<String>> {
    const KEY: &str = "SELECT a.attname::text FROM pg_catalog.pg_constraint k \
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS u (n, at) \
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.n \
        WHERE k.contype = 'f' AND n.nspname = $1 AND c.relname = $2 AND k.conname = $3 ORDER BY u.at";
    let parameters = [(&schema as _, Type::TEXT), (&table as _, Type::TEXT), (&key as _, Type::TEXT)];
    let rows = client.query_typed(KEY, &parameters).await.map_err(|error| error::explain(&error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn column(row: &Row) -> ColumnRow {
    let stored =
        CatalogType { name: row.get(3), modifier: row.get(4), shown: row.get(5), labels: row.get(6) };
    ColumnRow {
        number: row.get(0),
        name: row.get(1),
        not_null: row.get(2),
        stored,
        identity: row.get::<_, Option<bool>>(7).unwrap_or_default(),
        generated: row.get::<_, Option<bool>>(8).unwrap_or_default(),
        default: row.get(9),
        comment: row.get(10),
    }
}

fn constraint(row: &Row) -> ConstraintRow {
    let referenced: (Option<String>, Option<String>) = (row.get(3), row.get(4));
    ConstraintRow {
        name: row.get(0),
        kind: row.get(1),
        columns: row.get::<_, Option<Vec<i16>>>(2).unwrap_or_default(),
        referenced: referenced.0.zip(referenced.1),
        referenced_columns: row.get(5),
        on_delete: row.get(6),
        on_update: row.get(7),
        deferrable: row.get(8),
        deferred: row.get(9),
        check: row.get(10),
        comment: row.get(11),
    }
}

fn index(row: &Row) -> IndexRow {
    IndexRow {
        name: row.get(0),
        unique: row.get(1),
        definition: row.get(2),
        column: row.get(3),
        expression: row.get(4),
        descending: row.get(5),
        collation: row.get(6),
    }
}
