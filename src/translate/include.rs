//! Joins of associations: which side of a limiting sub-query each belongs to, how nested aliases are spelled
//! (`tasks->owner` for the table, `tasks.owner.id` for the column), and the filter that a required to-many
//! association puts on a limited main table.

use phantomdb_protocol::Result;

use super::{
    expression::{Scope, Writer},
    plan::{Include, Item, Select, Through},
    select::push_unique,
    sql::{push_identifier, push_table},
};

/// The select that the includes belong to.
pub struct Top<'a> {
    pub plan: &'a Select,
    pub main: &'a str,
    pub sub_query: bool,
}

/// How a table is called in SQL, and how its columns are called in the result.
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

    /// An include of the main table.
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

/// What joins add to a select.
#[derive(Debug, Default)]
pub struct Joins {
    pub main: String,
    pub sub: String,
    pub main_columns: Vec<String>,
    pub sub_columns: Vec<String>,
    /// Conditions on the main table.
    pub filters: Vec<String>,
}

impl Joins {
    pub fn append(&mut self, other: Self) {
        self.main.push_str(&other.main);
        self.sub.push_str(&other.sub);
        push_unique(&mut self.main_columns, other.main_columns);
        push_unique(&mut self.sub_columns, other.sub_columns);
        self.filters.extend(other.filters);
    }
}

/// One join, before it is known which side it goes to.
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

/// Joins an include and all below it. `ancestors` are the includes above, outermost first.
pub fn join(
    writer: &mut Writer,
    include: &Include,
    parent: &Names,
    top: &Top,
    ancestors: &[&Include],
) -> Result<Joins> {
    let names = parent.child(&include.alias);
    let mut joins = Joins::default();
    let in_sub_query = include.sub_query && top.sub_query;
    if !top.plan.no_include_attributes {
        let columns = columns(writer, &include.attributes, &names)?;
        if in_sub_query {
            joins.sub_columns.extend(columns);
        } else {
            joins.main_columns.extend(columns);
        }
    }
    let own = match &include.through {
        Some(through) => through_join(writer, include, through, &names, parent, top, ancestors, &mut joins)?,
        None => key_join(writer, include, &names, parent, top, ancestors, &mut joins)?,
    };
    if let Some(filter) = sub_query_filter(writer, include, top, ancestors)? {
        joins.filters.push(filter);
    }
    let mut nested = Joins::default();
    let mut mismatch = false;
    let mut path: Vec<&Include> = ancestors.to_vec();
    path.push(include);
    for child in &include.include {
        mismatch |= !include.required && !include.optional && child.required;
        nested.append(join(writer, child, &names, top, &path)?);
    }
    push_unique(&mut joins.main_columns, nested.main_columns);
    push_unique(&mut joins.sub_columns, nested.sub_columns);
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

/// `"tasks"."title" AS "tasks.title"`.
fn columns(writer: &mut Writer, items: &[Item], names: &Names) -> Result<Vec<String>> {
    let scope = Scope::alias(names.internal.clone());
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        let mut out = String::new();
        writer.values_inlined(|writer| writer.expression(&mut out, &item.e, &scope))?;
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

/// Whether the parent is inside of the limiting sub-query and this include is not, so that the parent's columns
/// are seen from outside.
fn crosses_sub_query(include: &Include, top: &Top, ancestors: &[&Include]) -> bool {
    let parent_inside = ancestors.last().map_or(top.plan.parent_sub_query, |parent| parent.sub_query);
    top.sub_query && parent_inside && !include.sub_query
}

fn key_join(
    writer: &mut Writer,
    include: &Include,
    names: &Names,
    parent: &Names,
    top: &Top,
    ancestors: &[&Include],
    joins: &mut Joins,
) -> Result<Join> {
    let mut left = column_of(&parent.internal, &include.left.field);
    if parent.top && top.plan.grouped_limit.is_some() {
        left = column_of(&parent.internal, &include.left.attribute);
    } else if crosses_sub_query(include, top, ancestors) {
        if parent.top {
            let outside = column_of(&parent.internal, &include.left.attribute);
            if outside == left {
                joins.sub_columns.push(left);
            } else {
                let mut selected = format!("{left} AS ");
                push_identifier(&mut selected, &include.left.attribute);
                joins.sub_columns.push(selected);
            }
            left = outside;
        } else {
            left.clear();
            push_identifier(&mut left, &format!("{}.{}", parent.external, include.left.attribute));
        }
    }
    let scope = Scope::alias(names.internal.clone());
    let mut condition = format!("{left} = {}", column_of(&names.internal, &include.right));
    if let Some(on) = &include.on {
        condition.clear();
        writer.operand(&mut condition, on, include.condition.is_some(), &scope)?;
    }
    if let Some(extra) = &include.condition {
        condition.push_str(if include.or { " OR " } else { " AND " });
        writer.operand(&mut condition, extra, true, &scope)?;
    }
    let mut body = String::new();
    push_table(&mut body, &include.table);
    body.push_str(" AS ");
    push_identifier(&mut body, &names.internal);
    Ok(Join { keyword: keyword(include), body, condition })
}

#[allow(
    clippy::too_many_arguments,
    reason = "what a join depends on; a struct of them would be used here alone"
)]
fn through_join(
    writer: &mut Writer,
    include: &Include,
    through: &Through,
    names: &Names,
    parent: &Names,
    top: &Top,
    ancestors: &[&Include],
    joins: &mut Joins,
) -> Result<Join> {
    let through_names = Names {
        internal: format!("{}->{}", names.internal, through.alias),
        external: format!("{}.{}", names.external, through.alias),
        top: false,
    };
    if !top.plan.no_include_attributes {
        joins.main_columns.extend(columns(writer, &through.attributes, &through_names)?);
    }
    let parent_inside = ancestors.last().map_or(top.plan.parent_sub_query, |include| include.sub_query);
    let source = if top.sub_query && !include.sub_query && parent_inside && !parent.top {
        let mut alias = String::new();
        push_identifier(&mut alias, &format!("{}.{}", parent.external, include.left.attribute));
        alias
    } else if top.sub_query && parent.top && !include.sub_query {
        // Seen from outside of the sub-query, where it goes by its attribute.
        let outside = column_of(&parent.internal, &include.left.attribute);
        let inside = column_of(&parent.internal, &include.left.field);
        let mut selected = inside.clone();
        if inside != outside {
            selected.push_str(" AS ");
            push_identifier(&mut selected, &include.left.attribute);
        }
        joins.sub_columns.push(selected);
        outside
    } else {
        column_of(&parent.internal, &include.left.field)
    };
    let mut body = String::from("( ");
    push_table(&mut body, &through.table);
    body.push_str(" AS ");
    push_identifier(&mut body, &through_names.internal);
    body.push_str(" INNER JOIN ");
    push_table(&mut body, &include.table);
    body.push_str(" AS ");
    push_identifier(&mut body, &names.internal);
    body.push_str(&format!(
        " ON {} = {}",
        column_of(&names.internal, &include.right),
        column_of(&through_names.internal, &through.target_field)
    ));
    if let Some(condition) = &through.condition {
        body.push_str(" AND ");
        writer.operand(&mut body, condition, true, &Scope::alias(through_names.internal.clone()))?;
    }
    body.push_str(" )");
    let mut condition = format!("{source} = {}", column_of(&through_names.internal, &through.source_field));
    if let Some(extra) = &include.condition {
        condition.push_str(" AND ");
        writer.operand(&mut condition, extra, true, &Scope::alias(names.internal.clone()))?;
    }
    Ok(Join { keyword: keyword(include), body, condition })
}

/// `( SELECT key FROM tasks WHERE … LIMIT 1 ) IS NOT NULL`: a main row counts for the limit only when the required
/// association has a row. Its tables are called there what they are called in the joins, so that a condition on one
/// means the same in both.
fn sub_query_filter(
    writer: &mut Writer,
    include: &Include,
    top: &Top,
    ancestors: &[&Include],
) -> Result<Option<String>> {
    if !top.sub_query || !include.sub_query_filter {
        return Ok(None);
    }
    // The outermost include's sub-query holds the chain down to this one.
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
        Some(through) => through_filter(writer, &chain, through, top.main)?,
        None => key_filter(writer, &chain, top.main)?,
    };
    Ok(Some(format!("( {query} ) IS NOT NULL")))
}

fn required_closure(include: &Include) -> Include {
    let mut copy = include.clone();
    copy.include = include.include.iter().filter(|child| child.required).map(required_closure).collect();
    copy.attributes.clear();
    copy
}

/// Joins what is nested in a filter, without its columns.
fn filter_joins(writer: &mut Writer, children: &[Include], parent: &Names) -> Result<String> {
    let plan = Select { no_include_attributes: true, ..Select::default() };
    let top = Top { plan: &plan, main: &parent.internal, sub_query: false };
    let mut text = String::new();
    for child in children {
        let mut child = child.clone();
        child.required = true;
        text.push_str(&join(writer, &child, parent, &top, &[])?.main);
    }
    Ok(text)
}

fn key_filter(writer: &mut Writer, include: &Include, main: &str) -> Result<String> {
    let names = Names::below_top(&include.alias);
    let scope = Scope::alias(names.internal.clone());
    let mut out = format!("SELECT {} FROM ", column_of(&names.internal, &include.right));
    push_table(&mut out, &include.table);
    out.push_str(" AS ");
    push_identifier(&mut out, &names.internal);
    out.push_str(&filter_joins(writer, &include.include, &names)?);
    out.push_str(&format!(
        " WHERE {} = {}",
        column_of(&names.internal, &include.right),
        column_of(main, &include.left.field)
    ));
    if let Some(condition) = &include.condition {
        out.push_str(" AND ");
        writer.operand(&mut out, condition, true, &scope)?;
    }
    out.push_str(" LIMIT 1");
    Ok(out)
}

fn through_filter(writer: &mut Writer, include: &Include, through: &Through, main: &str) -> Result<String> {
    let names = Names::below_top(&include.alias);
    let between = names.child(&through.alias).internal;
    let key = through.primary_key.as_ref().unwrap_or(&through.source_field);
    let mut out = format!("SELECT {} FROM ", column_of(&between, key));
    push_table(&mut out, &through.table);
    out.push_str(" AS ");
    push_identifier(&mut out, &between);
    out.push_str(" INNER JOIN ");
    push_table(&mut out, &include.table);
    out.push_str(" AS ");
    push_identifier(&mut out, &names.internal);
    out.push_str(&format!(
        " ON {} = {}",
        column_of(&between, &through.target_field),
        column_of(&names.internal, &include.right)
    ));
    if let Some(condition) = &include.condition {
        out.push_str(" AND ");
        writer.operand(&mut out, condition, true, &Scope::alias(names.internal.clone()))?;
    }
    out.push_str(&filter_joins(writer, &include.include, &names)?);
    out.push_str(&format!(
        " WHERE {} = {}",
        column_of(main, &include.left.field),
        column_of(&between, &through.source_field)
    ));
    if let Some(condition) = &through.condition {
        out.push_str(" AND ");
        writer.operand(&mut out, condition, true, &Scope::alias(between))?;
    }
    out.push_str(" LIMIT 1");
    Ok(out)
}
