//! Prepares statements: finds the types of their parameters, and how their results are read.

use std::sync::{Arc, OnceLock};

use hashlink::LruCache;
use phantomdb_protocol::{Error, Result, Value};
use phantomdb_sql::Kind;
use tokio_postgres::{Error as PostgresError, Statement, error::SqlState, types::Type};

use crate::{
    adapt::{NumericClass, NumericProbe},
    bind,
    connection::Connection,
    error,
    plan_cache::PreparableSql,
    prepared::{Prepared, PreparedForms},
    rows::{Decoder, columns, unknown_type},
};

/// The statement that was prepared before for values of these types.
pub(crate) fn find_prepared(
    connection: &Connection,
    form: u64,
    parameters: &[Value],
) -> Option<Arc<Prepared>> {
    connection.prepared.lock().get(&form)?.find(parameters)
}

/// Prepares a statement for these values, and remembers it. `undo` is run when PostgreSQL refuses one form of it and
/// another is tried, because in a transaction a refusal aborts everything since the last savepoint.
pub(crate) async fn prepare(
    connection: &Connection,
    form: &PreparableSql<'_>,
    parameters: &[Value],
    undo: Option<&str>,
) -> Result<Arc<Prepared>> {
    if let Some(prepared) = find_prepared(connection, form.id, parameters) {
        return Ok(prepared);
    }
    let preparation = Preparation { connection, form, undo };
    let before = connection.prepared.lock().get(&form.id).and_then(|entry| entry.inferred.clone());
    let (inferred, refusal) = match before {
        Some(prepared) => (Some(prepared), None),
        None => match preparation.attempt(&[]).await? {
            Ok(prepared) => (Some(prepared), None),
            Err(refusal) if parameters.is_empty() => return Err(error::explain(&refusal)),
            Err(refusal) => (None, Some(refusal)),
        },
    };
    let types = match &inferred {
        Some(prepared) => bind::declared(prepared.statement.params(), parameters),
        None => Some(bind::natural(parameters)),
    };
    let mut entry = PreparedForms { inferred, declared: Vec::new() };
    let Some(types) = types else {
        let prepared = entry.inferred.clone();
        remember(&mut connection.prepared.lock(), form.id, entry);
        // When no type has to be declared, the inferred form exists.
        return prepared.ok_or_else(|| Error::internal("nothing was prepared"));
    };
    let mut prepared = None;
    for attempt in [Some(types.clone()), narrowed(&types, parameters)].into_iter().flatten() {
        if let Ok(found) = preparation.attempt(&attempt).await? {
            prepared = Some(found);
            break;
        }
    }
    if let (None, None, Some(refusal)) = (&prepared, &entry.inferred, &refusal) {
        prepared = preparation.with_open_types(refusal, parameters).await?;
    }
    // When a value cannot be sent with its own type, its text is sent: a number beside a column of text.
    let prepared = match (prepared.or_else(|| entry.inferred.clone()), refusal) {
        (Some(prepared), _) => prepared,
        (None, Some(refusal)) => return Err(error::explain(&refusal)),
        (None, None) => return Err(Error::internal("nothing was prepared")),
    };
    entry.add(types, &prepared);
    remember(&mut connection.prepared.lock(), form.id, entry);
    Ok(prepared)
}

/// Prepares a statement without its values. In a transaction a refusal aborts everything since the last savepoint.
pub(crate) async fn prepare_inferred(
    connection: &Connection,
    form: &PreparableSql<'_>,
) -> Result<Arc<Prepared>> {
    let known = connection.prepared.lock().get(&form.id).and_then(|entry| entry.inferred.clone());
    if let Some(prepared) = known {
        return Ok(prepared);
    }
    let attempt = Preparation { connection, form, undo: None }.attempt(&[]).await?;
    let prepared = attempt.map_err(|refusal| error::explain(&refusal))?;
    let entry = PreparedForms { inferred: Some(Arc::clone(&prepared)), declared: Vec::new() };
    remember(&mut connection.prepared.lock(), form.id, entry);
    Ok(prepared)
}

/// Prepares a statement in an open transaction, behind a savepoint: a form of it that PostgreSQL refuses would abort the
/// transaction.
pub(crate) async fn prepare_in_transaction(
    connection: &Connection,
    form: &PreparableSql<'_>,
    parameters: &[Value],
) -> Result<Arc<Prepared>> {
    if let Some(prepared) = find_prepared(connection, form.id, parameters) {
        return Ok(prepared);
    }
    connection.run("SAVEPOINT phantomdb_prepare").await?;
    let undo = "ROLLBACK TO SAVEPOINT phantomdb_prepare";
    let prepared = prepare(connection, form, parameters, Some(undo)).await?;
    connection.run("RELEASE SAVEPOINT phantomdb_prepare").await?;
    Ok(prepared)
}

/// The types that PostgreSQL infers for the parameters of a statement that was prepared. None when it cannot infer them.
pub(crate) fn inferred_types(connection: &Connection, form: u64) -> Option<Vec<Type>> {
    let known = connection.prepared.lock().get(&form)?.inferred.clone()?;
    Some(known.statement.params().to_vec())
}

fn remember(known: &mut LruCache<u64, PreparedForms>, form: u64, entry: PreparedForms) {
    match known.get_mut(&form) {
        Some(before) => {
            before.inferred = entry.inferred.or(before.inferred.take());
            for (types, prepared) in entry.declared {
                before.add(types, &prepared);
            }
        }
        None => {
            known.insert(form, entry);
        }
    }
}

/// The types with integers of 32 bits where the values allow it, because some functions and operators know no others.
fn narrowed(types: &[Type], parameters: &[Value]) -> Option<Vec<Type>> {
    let narrow = |(known, value): (&Type, &Value)| match value {
        Value::Integer(integer) if *known == Type::INT8 && i32::try_from(*integer).is_ok() => Type::INT4,
        _ => known.clone(),
    };
    let narrowed: Vec<Type> = types.iter().zip(parameters).map(narrow).collect();
    (narrowed != types).then_some(narrowed)
}

/// The place, from 0, of the parameter for which PostgreSQL found no type: `could not determine data type of parameter $1`.
fn open_parameter(refusal: &PostgresError) -> Option<usize> {
    if refusal.code() != Some(&SqlState::INDETERMINATE_DATATYPE) {
        return None;
    }
    let (_, number) = refusal.as_db_error()?.message().rsplit_once('$')?;
    let digits = number.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse::<usize>().ok()?.checked_sub(1)
}

struct Preparation<'a> {
    connection: &'a Connection,
    form: &'a PreparableSql<'a>,
    undo: Option<&'a str>,
}

impl Preparation<'_> {
    /// The inner error is one that other types of parameters may avoid.
    async fn attempt(&self, types: &[Type]) -> Result<Result<Arc<Prepared>, PostgresError>> {
        match self.connection.client().prepare_typed(self.form.sql, types).await {
            Ok(statement) => self.read(statement).await.map(Ok),
            Err(refusal) if refusal.code().is_some_and(is_about_types) => {
                self.undo().await?;
                Ok(Err(refusal))
            }
            Err(error) => Err(error::explain(&error)),
        }
    }

    /// The form in which those parameters have the types of their values for which PostgreSQL found none; it infers the others.
    async fn with_open_types(
        &self,
        refusal: &PostgresError,
        parameters: &[Value],
    ) -> Result<Option<Arc<Prepared>>> {
        let natural = bind::natural(parameters);
        let mut types = vec![Type::UNKNOWN; natural.len()];
        let mut open = open_parameter(refusal);
        while let Some(place) = open {
            // Each attempt gives one more of them a type.
            match (types.get_mut(place), natural.get(place)) {
                // NULL has every type, so a text will do.
                (Some(known), Some(own)) if *own == Type::UNKNOWN && *known != Type::TEXT => {
                    *known = Type::TEXT;
                }
                (Some(known), Some(own)) if *own != Type::UNKNOWN && *known != *own => known.clone_from(own),
                _ => break,
            }
            match self.attempt(&types).await? {
                Ok(prepared) => return Ok(Some(prepared)),
                Err(refusal) => open = open_parameter(&refusal),
            }
        }
        Ok(None)
    }

    async fn undo(&self) -> Result<()> {
        match self.undo {
            Some(sql) => self.connection.run(sql).await,
            None => Ok(()),
        }
    }

    async fn read(&self, statement: Statement) -> Result<Arc<Prepared>> {
        let mut decoders: Vec<Decoder> =
            statement.columns().iter().map(|column| Decoder::for_type(column.type_())).collect();
        if let Some(probe) = &self.form.adapted.probe {
            self.probe(probe, &statement, &mut decoders).await?;
        }
        let names: Vec<String> = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let statement = self.with_known_types(statement, &mut decoders).await?;
        let columns = columns(names, &decoders);
        let session = self.form.adapted.session.clone();
        Ok(Arc::new(Prepared { statement, columns, decoders, session, layout: OnceLock::new() }))
    }

    /// Converts results whose binary form is unknown here to text, by wrapping the statement.
    async fn with_known_types(&self, statement: Statement, decoders: &mut [Decoder]) -> Result<Statement> {
        let unknown = decoders.iter().find_map(|decoder| match decoder {
            Decoder::Unknown(name) => Some(unknown_type(name)),
            _ => None,
        });
        let Some(unreadable) = unknown else { return Ok(statement) };
        // The rows of RETURNING cannot be converted from outside.
        if self.form.adapted.kind != Kind::Read {
            return Err(unreadable);
        }
        let names: Vec<String> = (1..=decoders.len()).map(|number| format!("c{number}")).collect();
        let mut columns = Vec::with_capacity(names.len());
        for (name, decoder) in names.iter().zip(decoders) {
            if matches!(decoder, Decoder::Unknown(_)) {
                *decoder = Decoder::Text;
                columns.push(format!("{name}::text"));
            } else {
                columns.push(name.clone());
            }
        }
        let (columns, names) = (columns.join(", "), names.join(", "));
        let sql = format!("SELECT {columns} FROM ({}) AS phantomdb_result ({names})", self.form.sql);
        match self.connection.client().prepare_typed(&sql, statement.params()).await {
            Ok(converted) => Ok(converted),
            Err(_) => self.undo().await.and(Err(unreadable)),
        }
    }

    /// Finds the types of sums and averages: see [`NumericProbe`].
    async fn probe(
        &self,
        probe: &NumericProbe,
        statement: &Statement,
        decoders: &mut [Decoder],
    ) -> Result<()> {
        let width = decoders.len();
        let asked: Vec<(usize, NumericClass)> = probe
            .columns
            .iter()
            .filter_map(|(place, class)| Some((place.index(width)?, *class)))
            .filter(|(index, _)| decoders[*index] == Decoder::Numeric)
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        let Ok(probed) = self.connection.client().prepare_typed(&probe.sql, statement.params()).await else {
            return self.undo().await;
        };
        for (index, class) in asked {
            let argument = probed.columns().get(index).map(|column| Decoder::for_type(column.type_()));
            decoders[index] = match (argument, class) {
                (None | Some(Decoder::Numeric), _) => continue,
                (Some(Decoder::Int2 | Decoder::Int4 | Decoder::Int8), NumericClass::Sum) => {
                    Decoder::NumericAsInteger
                }
                _ => Decoder::NumericAsFloat,
            };
        }
        Ok(())
    }
}

/// True when a statement was refused because of the types of its parameters.
fn is_about_types(code: &SqlState) -> bool {
    [
        SqlState::INDETERMINATE_DATATYPE,
        SqlState::AMBIGUOUS_FUNCTION,
        SqlState::AMBIGUOUS_PARAMETER,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::DATATYPE_MISMATCH,
        SqlState::CANNOT_COERCE,
        SqlState::UNDEFINED_PARAMETER,
        SqlState::INVALID_TEXT_REPRESENTATION,
        SqlState::INVALID_DATETIME_FORMAT,
        SqlState::GROUPING_ERROR,
    ]
    .contains(code)
}
