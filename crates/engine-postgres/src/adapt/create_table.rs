//! CREATE TABLE.

use phantomdb_protocol::{Result, TableName};
use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, DataType, Expr,
    ForeignKeyConstraint, GeneratedAs, GeneratedExpressionMode, Ident, ObjectName, Spanned, TableConstraint,
    Value, ValueWithSpan,
};

use super::{adapter::Adapter, catalog_change::NewTable, print::qualified_name};
use crate::types::{self, check_identifier};
use phantomdb_sql::{
    build::unnested,
    names::constraint_name,
    printer,
    types::{SqlType, is_serial},
};

impl Adapter<'_> {
    pub(crate) fn create_table(&mut self, create: &mut CreateTable) -> Result<NewTable> {
        let table = self.source.new_table(create)?;
        check_identifier(&table.name)?;
        create.name = qualified_name(&table);
        if let Some(query) = &mut create.query {
            self.query(query)?;
        }
        let (mut references, mut types) = (Vec::new(), Vec::new());
        for column in &mut create.columns {
            types.push(self.column_definition(column, &mut references)?);
        }
        let columns: Vec<String> = create.columns.iter().map(|column| column.name.value.clone()).collect();
        for constraint in &mut create.constraints {
            self.table_constraint(constraint, &columns, &mut references)?;
        }
        Ok(NewTable { table, if_not_exists: create.if_not_exists, sql: String::new(), references, types })
    }

    fn column_definition(
        &mut self,
        column: &mut ColumnDef,
        references: &mut Vec<TableName>,
    ) -> Result<SqlType> {
        let span = column.name.span;
        let data_type = SqlType::from_ast(&column.data_type).map_err(|error| self.source.at(error, span))?;
        check_identifier(&column.name.value)?;
        let mut options = Vec::new();
        let mut identity = is_serial(&column.data_type);
        for ColumnOptionDef { name, option } in std::mem::take(&mut column.options) {
            if let Some(name) = &name {
                check_identifier(&name.value)?;
            }
            let option = match option {
                ColumnOption::Generated { generated_as, generation_expr: None, .. }
                    if generated_as != GeneratedAs::ExpStored =>
                {
                    identity = true;
                    continue;
                }
                other => self.column_option(other, &data_type, references)?,
            };
            options.push(ColumnOptionDef { name, option });
        }
        if identity && !data_type.is_integer() {
            return self.unsupported("an identity column that is not an integer", span);
        }
        if identity {
            options.insert(0, identity_option());
        }
        if let Some(check) = types::check(&column.name.value, &data_type) {
            let option = ColumnOption::Check(CheckConstraint {
                name: None,
                expr: Box::new(printer::verbatim_expr(check.condition)),
                no_inherit: false,
                enforced: None,
            });
            options.push(ColumnOptionDef { name: Some(Ident::with_quote('"', check.name)), option });
        }
        column.options = options;
        column.data_type = declared(&data_type)?;
        Ok(data_type)
    }

    fn column_option(
        &mut self,
        mut option: ColumnOption,
        data_type: &SqlType,
        references: &mut Vec<TableName>,
    ) -> Result<ColumnOption> {
        match &mut option {
            ColumnOption::Null
            | ColumnOption::NotNull
            | ColumnOption::PrimaryKey(_)
            | ColumnOption::Unique(_) => {}
            ColumnOption::Generated { generation_expr: Some(expr), generation_expr_mode, .. } => {
                self.expression(expr)?;
                generation_expr_mode.get_or_insert(GeneratedExpressionMode::Stored);
            }
            ColumnOption::Default(expr) => self.default_expr(expr, data_type)?,
            ColumnOption::ForeignKey(key) => self.foreign_key(key, references)?,
            ColumnOption::Check(check) => self.check(check)?,
            ColumnOption::Collation(_) => {}
            other => {
                let span = other.span();
                return self.unsupported(&format!("'{other}' in a column"), span);
            }
        }
        Ok(option)
    }

    /// A default; a number for a boolean is one that PostgreSQL would refuse.
    pub(crate) fn default_expr(&mut self, expr: &mut Expr, data_type: &SqlType) -> Result<()> {
        self.expression(expr)?;
        if *data_type == SqlType::Boolean
            && let Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) = unnested(expr)
        {
            *expr = Expr::value(Value::Boolean(number.parse() != Ok(0.0)));
        }
        Ok(())
    }

    fn check(&mut self, check: &mut CheckConstraint) -> Result<()> {
        check.no_inherit = false;
        self.expression(&mut check.expr)?;
        Ok(())
    }

    fn foreign_key(&self, key: &mut ForeignKeyConstraint, references: &mut Vec<TableName>) -> Result<()> {
        let table = self.table(&key.foreign_table)?;
        if key.match_kind.is_some() {
            return self.unsupported("MATCH in a foreign key", key.foreign_table.span());
        }
        key.foreign_table = qualified_name(&table);
        references.push(table);
        Ok(())
    }

    fn table_constraint(
        &mut self,
        constraint: &mut TableConstraint,
        columns: &[String],
        references: &mut Vec<TableName>,
    ) -> Result<()> {
        if let Some(name) = constraint_name(constraint) {
            check_identifier(&name.value)?;
        }
        let exact = |ident: &mut Ident| {
            let exact = columns.iter().find(|column| column.eq_ignore_ascii_case(&ident.value));
            if let Some(exact) = exact.filter(|_| !columns.contains(&ident.value)) {
                ident.value.clone_from(exact);
            }
        };
        match constraint {
            TableConstraint::Unique(unique) => {
                unique.columns.iter_mut().for_each(|column| in_index(&mut column.column.expr, exact));
            }
            TableConstraint::PrimaryKey(key) => {
                key.columns.iter_mut().for_each(|column| in_index(&mut column.column.expr, exact));
            }
            TableConstraint::ForeignKey(key) => {
                key.columns.iter_mut().for_each(exact);
                self.foreign_key(key, references)?;
            }
            TableConstraint::Check(check) => self.check(check)?,
            other => {
                let what = format!("the constraint '{other}'");
                return self.unsupported(&what, other.span());
            }
        }
        Ok(())
    }
}

fn in_index(expr: &mut Expr, change: impl Fn(&mut Ident)) {
    if let Expr::Identifier(ident) = expr {
        change(ident);
    }
}

/// A number that the user write_result is taken, as on SQLite.
fn identity_option() -> ColumnOptionDef {
    let option = ColumnOption::Generated {
        generated_as: GeneratedAs::ByDefault,
        sequence_options: None,
        generation_expr: None,
        generation_expr_mode: None,
        generated_keyword: true,
    };
    ColumnOptionDef { name: None, option }
}

fn declared(data_type: &SqlType) -> Result<DataType> {
    let name = printer::verbatim_ident(types::declared(data_type)?);
    Ok(DataType::Custom(ObjectName::from(vec![name]), Vec::new()))
}
