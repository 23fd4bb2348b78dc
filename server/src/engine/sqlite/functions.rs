//! The functions adapted SQL uses.

pub fn register(conn: &rusqlite::Connection) -> rusqlite::Result<()> {
    conn.create_collation("decimal", |a, b| {
        a.parse::<f64>().unwrap_or(0.0).total_cmp(&b.parse::<f64>().unwrap_or(0.0))
    })
}
