//! Joins of associations.
//!
//! When the main table is limited in a sub-query, each join is either inside or outside of it. Nested includes have the
//! alias `tasks->owner` for the table and `tasks.owner.id` for a column of the result. A required to-many association
//! also filters the main table inside the sub-query.

use phantomdb_protocol::{Result, TableName};

use super::{
    clauses::{output_name, push_unique},
    expression::{Scope, Writer},
    plan::{Expr, Include, ParentKey, Select, SelectItem, Through},
    sql::{push_identifier, push_table},
};

/// The select that the includes belong to.
pub struct Root<'a> {
    pub plan: &'a Select,
    pub main: &'a str,
    pub sub_query: bool,
}

/// The alias of an included table in SQL, and the prefix of its columns in the result.
#[derive(Debug, Clone)]
pub struct Names {
    internal: String,
    external: String,
    top: bool,
}

impl Names {
    pub fn top(main: &str) -> Self {
        Self { internal: main.to_owned(), external: main.to_owned(), top: true }
    }

    /// The names of an include directly below the main table.
    fn below_top(alias: &str) -> Self {
        Self { internal: alias.to_owned(), external: alias.to_owned(), top: false }
    }

    fn child(&self, alias: &str) -> Self {
        if self.top {
            return Self::below_top(alias);
        }
        Self {
            internal: format!("{}->{alias}", self.internal),
            external: format!("{}.{alias}", self.external),
            top: false,
        }
    }
}

/// The pieces that joins add to a select.
#[derive(Debug, Default)]
pub struct Joins {
    pub main: String,
    pub sub: String,
    pub main_columns: Vec<String>,
    pub sub_columns: Vec<String>,
    /// Keys that joins outside the sub-query need but the user did not select.
    pub hidden_columns: Vec<String>,
    /// Conditions that includes put on the main table.
    pub filters: Vec<String>,
}

impl Joins {
    pub fn append(&mut self, other: Self) {
        self.main.push_str(&other.main);
        self.sub.push_str(&other.sub);
        push_unique(&mut self.main_columns, other.main_columns);
        push_unique(&mut self.sub_columns, other.sub_columns);
        push_unique(&mut self.hidden_columns, other.hidden_columns);
        self.filters.extend(other.filters);
    }
}

/// A join before it is placed inside or outside the sub-query.
struct Join {
    keyword: &'static str,
    body: String,
    condition: String,
}

impl Join {
    fn push(&self, out: &mut String, nested: &str, grouped: bool) {
        out.push(' ');
        out.push_str(self.keyword);
        if grouped {
            out.push_str(&format!(" ( {}{nested} ) ON {}", self.body, self.condition));
        } else {
            out.push_str(&format!(" {} ON {}{nested}", self.body, self.condition));
        }
    }
}

/// Joins an include and its nested includes. `ancestors` are the includes above it, outermost first.
pub fn join(
    writer: &mut Writer,
    include: &Include,
    parent: &Names,
    root: &Root,
    ancestors: &[&Include],
) -> Result<Joins> {
    let names = parent.child(&include.alias);
    let mut joins = Joins::default();
    let in_sub_query = include.sub_query && root.sub_query;
    if !root.plan.no_include_attributes {
        let columns = columns(writer, &include.attributes, &names)?;
        if in_sub_query {
            joins.sub_columns.extend(columns);
        } else {
            joins.main_columns.extend(columns);
        }
    }
    let own = match &include.through {
        Some(through) => through_join(writer, include, through, &names, parent, root, ancestors, &mut joins)?,
        None => key_join(writer, include, &names, parent, root, ancestors, &mut joins)?,
    };
    if let Some(filter) = sub_query_filter(writer, include, root, ancestors)? {
        joins.filters.push(filter);
    }
    let mut nested = Joins::default();
    let mut mismatch = false;
    let mut path: Vec<&Include> = ancestors.to_vec();
    path.push(include);
    for child in &include.include {
        mismatch |= !include.required && !include.optional && child.required;
        nested.append(join(writer, child, &names, root, &path)?);
    }
    push_unique(&mut joins.main_columns, nested.main_columns);
    push_unique(&mut joins.sub_columns, nested.sub_columns);
    push_unique(&mut joins.hidden_columns, nested.hidden_columns);
    joins.filters.extend(nested.filters);
    if in_sub_query {
        own.push(&mut joins.sub, &nested.sub, mismatch && !nested.sub.is_empty());
        joins.main.push_str(&nested.main);
    } else {
        own.push(&mut joins.main, &nested.main, mismatch && !nested.main.is_empty());
        joins.sub.push_str(&nested.sub);
    }
    Ok(joins)
}

/// The select list of an include: `"tasks"."title" AS "tasks.title"`.
fn columns(writer: &mut Writer, items: &[SelectItem], names: &Names) -> Result<Vec<String>> {
    let scope = Scope::alias(names.internal.clone());
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        let mut out = String::new();
        writer.expression(&mut out, &item.expr, &scope)?;
        if let Some(alias) = &item.alias {
            out.push_str(" AS ");
            push_identifier(&mut out, &format!("{}.{alias}", names.external));
        }
        columns.push(out);
    }
    Ok(columns)
}

fn keyword(include: &Include) -> &'static str {
    match (include.required, include.right_join) {
        (true, _) => "INNER JOIN",
        (false, true) => "RIGHT OUTER JOIN",
        (false, false) => "LEFT OUTER JOIN",
    }
}

fn column_of(table: &str, column: &str) -> String {
    let mut out = String::new();
    push_identifier(&mut out, table);
    out.push('.');
    push_identifier(&mut out, column);
    out
}

/// The parent's key, by the name it has where the include is joined. A key from inside the sub-query has the name of
/// its output column outside of it. If the user did not select the key, it is added under a hidden name.
fn parent_key(
    include: &Include,
    parent: &Names,
    root: &Root,
    ancestors: &[&Include],
    joins: &mut Joins,
) -> String {
    let ParentKey { attribute, field } = &include.left;
    let inside = column_of(&parent.internal, field);
    let is_parent_inside = ancestors.last().is_none_or(|parent| parent.sub_query);
    if !root.sub_query || include.sub_query || !is_parent_inside {
        return inside;
    }
    let is_key = |item: &SelectItem| {
        matches!(&item.expr, Expr::Column(name) if name == field)
            && output_name(item).as_ref() == Some(attribute)
    };
    let is_selected = match ancestors.last() {
        Some(parent) => parent.attributes.iter().any(is_key),
        None => root.plan.columns.as_ref().is_none_or(|items| items.iter().any(is_key)),
    };
    let mut name = attribute.clone();
    if !parent.top {
        name = format!("{}.{attribute}", parent.external);
    }
    if !is_selected {
        name.insert_str(0, "__phantomdb_key_");
        let mut hidden = format!("{inside} AS ");
        push_identifier(&mut hidden, &name);
        push_unique(&mut joins.hidden_columns, vec![hidden]);
    }
    column_of(root.main, &name)
}

fn push_table_as(out: &mut String, table: &TableName, alias: &str) {
    push_table(out, table);
    out.push_str(" AS ");
    push_identifier(out, alias);
}

/// Writes ` AND condition` on the table with that alias, if there is a condition.
fn push_and(writer: &mut Writer, out: &mut String, condition: Option<&Expr>, alias: &str) -> Result<()> {
    if let Some(condition) = condition {
        out.push_str(" AND ");
        writer.operand(out, condition, true, &Scope::alias(alias))?;
    }
    Ok(())
}

/// Writes the junction table joined with the target: `"TaskTags" AS "a" INNER JOIN "Tags" AS "b" ON …`.
fn push_through(out: &mut String, include: &Include, through: &Through, between: &str, target: &str) {
    push_table_as(out, &through.table, between);
    out.push_str(" INNER JOIN ");
    push_table_as(out, &include.table, target);
    out.push_str(&format!(
        " ON {} = {}",
        column_of(target, &include.right),
        column_of(between, &through.target_field)
    ));
}

fn key_join(
    writer: &mut Writer,
    include: &Include,
    names: &Names,
    parent: &Names,
    root: &Root,
    ancestors: &[&Include],
    joins: &mut Joins,
) -> Result<Join> {
    let left = if parent.top && root.plan.grouped_limit.is_some() {
        column_of(&parent.internal, &include.left.attribute)
    } else {
        parent_key(include, parent, root, ancestors, joins)
    };
    let mut condition = format!("{left} = {}", column_of(&names.internal, &include.right));
    let scope = Scope::alias(names.internal.clone());
    if let Some(on) = &include.on {
        condition.clear();
        writer.operand(&mut condition, on, include.condition.is_some(), &scope)?;
    }
    if let Some(extra) = &include.condition {
        condition.push_str(if include.or { " OR " } else { " AND " });
        writer.operand(&mut condition, extra, true, &scope)?;
    }
    let mut body = String::new();
    push_table_as(&mut body, &include.table, &names.internal);
    Ok(Join { keyword: keyword(include), body, condition })
}

#[allow(
    clippy::too_many_arguments,
    reason = "a join depends on all of them; a struct would be used only here"
)]
fn through_join(
    writer: &mut Writer,
    include: &Include,
    through: &Through,
    names: &Names,
    parent: &Names,
    root: &Root,
    ancestors: &[&Include],
    joins: &mut Joins,
) -> Result<Join> {
    let between = Names {
        internal: format!("{}->{}", names.internal, through.alias),
        external: format!("{}.{}", names.external, through.alias),
        top: false,
    };
    if !root.plan.no_include_attributes {
        joins.main_columns.extend(columns(writer, &through.attributes, &between)?);
    }
    let source = parent_key(include, parent, root, ancestors, joins);
    let mut body = String::from("( ");
    push_through(&mut body, include, through, &between.internal, &names.internal);
    push_and(writer, &mut body, through.condition.as_ref(), &between.internal)?;
    body.push_str(" )");
    let mut condition = format!("{source} = {}", column_of(&between.internal, &through.source_field));
    push_and(writer, &mut condition, include.condition.as_ref(), &names.internal)?;
    Ok(Join { keyword: keyword(include), body, condition })
}

/// Writes `( SELECT key FROM tasks WHERE … LIMIT 1 ) IS NOT NULL`: a main row counts for the limit only if the required
/// association has a row. Tables have the same aliases here as in the joins, so that a condition means the same in both.
fn sub_query_filter(
    writer: &mut Writer,
    include: &Include,
    root: &Root,
    ancestors: &[&Include],
) -> Result<Option<String>> {
    // An include with `required: false` filters nothing, even if an include below it is required.
    if !root.sub_query || !include.sub_query_filter || !(include.required || include.optional) {
        return Ok(None);
    }
    // The filter starts at the outermost include and joins down to this one.
    let mut chain = required_closure(include);
    for ancestor in ancestors.iter().rev() {
        if !ancestor.required || ancestor.sub_query_filter {
            return Ok(None);
        }
        let mut outer = (*ancestor).clone();
        outer.attributes.clear();
        outer.include = vec![chain];
        chain = outer;
    }
    let query = match &chain.through {
        Some(through) => through_filter(writer, &chain, through, root.main)?,
        None => key_filter(writer, &chain, root.main)?,
    };
    Ok(Some(format!("( {query} ) IS NOT NULL")))
}

fn required_closure(include: &Include) -> Include {
    let mut copy = include.clone();
    copy.include = include.include.iter().filter(|child| child.required).map(required_closure).collect();
    copy.attributes.clear();
    copy
}

/// Joins the includes nested in a filter, without selecting their columns.
fn filter_joins(writer: &mut Writer, children: &[Include], parent: &Names) -> Result<String> {
    let plan = Select { no_include_attributes: true, ..Select::default() };
    let root = Root { plan: &plan, main: &parent.internal, sub_query: false };
    let mut text = String::new();
    for child in children {
        let mut child = child.clone();
        child.required = true;
        text.push_str(&join(writer, &child, parent, &root, &[])?.main);
    }
    Ok(text)
}

fn key_filter(writer: &mut Writer, include: &Include, main: &str) -> Result<String> {
    let names = Names::below_top(&include.alias);
    let key = column_of(&names.internal, &include.right);
    let mut out = format!("SELECT {key} FROM ");
    push_table_as(&mut out, &include.table, &names.internal);
    out.push_str(&filter_joins(writer, &include.include, &names)?);
    out.push_str(&format!(" WHERE {key} = {}", column_of(main, &include.left.field)));
    push_and(writer, &mut out, include.condition.as_ref(), &names.internal)?;
    out.push_str(" LIMIT 1");
    Ok(out)
}

fn through_filter(writer: &mut Writer, include: &Include, through: &Through, main: &str) -> Result<String> {
    let names = Names::below_top(&include.alias);
    let between = names.child(&through.alias).internal;
    let key = through.primary_key.as_ref().unwrap_or(&through.source_field);
    let mut out = format!("SELECT {} FROM ", column_of(&between, key));
    push_through(&mut out, include, through, &between, &names.internal);
    push_and(writer, &mut out, include.condition.as_ref(), &names.internal)?;
    out.push_str(&filter_joins(writer, &include.include, &names)?);
    out.push_str(&format!(
        " WHERE {} = {}",
        column_of(main, &include.left.field),
        column_of(&between, &through.source_field)
    ));
    push_and(writer, &mut out, through.condition.as_ref(), &between)?;
    out.push_str(" LIMIT 1");
    Ok(out)
}
