//! Finds the statements that may change their session, which other callers use afterwards.
//!
//! A statement leaves its session as it was when it calls only functions that are known to do so: those of PostgreSQL
//! that are declared to change nothing, and those of the others that change rows at most. What other functions do depends
//! on the database, see [`crate::stored_code`]. A few functions have no other use than to change the session; they are
//! refused, because their effect would be lost.

use phantomdb_protocol::{Error, ErrorCode, Result};
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::session_effect::SessionEffect;

/// True for a relation through which the session is changed: one of its own tables, which hide others of their names, and
/// the view whose UPDATE is `set_config`.
pub(super) fn belongs_to_session(schema: Option<&str>, name: &str) -> bool {
    schema.is_some_and(|schema| schema.to_ascii_lowercase().starts_with("pg_temp"))
        || name.eq_ignore_ascii_case("pg_settings")
}

/// Refuses a function that only changes the session. `is_local` tells whether the third argument is the word `true`.
pub(super) fn refuse_session_function(name: &str, is_local: bool) -> Result<()> {
    let instead = match name {
        "set_config" if is_local => return Ok(()),
        "set_config" => "write set_config(name, value, true) in a transaction",
        "pg_advisory_lock" | "pg_advisory_lock_shared" => "use pg_advisory_xact_lock in a transaction",
        "pg_try_advisory_lock" | "pg_try_advisory_lock_shared" => {
            "use pg_try_advisory_xact_lock in a transaction"
        }
        "pg_advisory_unlock" | "pg_advisory_unlock_shared" | "pg_advisory_unlock_all" => {
            "a lock that pg_advisory_xact_lock takes ends with its transaction"
        }
        "setseed" => "choose random values in your program",
        "dblink_connect" | "dblink_connect_u" | "dblink_open" => "give dblink() the connection string itself",
        _ => return Ok(()),
    };
    Err(Error::new(
        ErrorCode::Unsupported,
        format!("{name} changes the session, which serves other callers too; {instead}"),
    ))
}

/// Reads a native statement. Only a statement that reads or changes rows, and SHOW, can leave its session as it was. Fails
/// for a call that is refused.
pub(crate) fn of_native(sql: &str, first_word: &str) -> Result<SessionEffect> {
    let Some(tokens) = unambiguous_tokens(sql) else { return Ok(SessionEffect::Changes) };
    let mut effect = SessionEffect::Neutral;
    for at in 0..tokens.len() {
        if let Some(call) = call_at(&tokens, at) {
            refuse_session_function(&call.name, third_argument_is_true(&tokens[at + 2..]))?;
        }
        add_token(&mut effect, &tokens, at);
        // SELECT INTO makes a table, and a second statement begins after a semicolon.
        let makes_table = is_bare(&tokens, at, &["INTO"])
            && !matches!(at.checked_sub(1), Some(before) if is_bare(&tokens, before, &["INSERT"]));
        if makes_table || tokens[at].token == Token::SemiColon {
            effect.add_change();
        }
    }
    let rows = ["SELECT", "VALUES", "TABLE", "SHOW", "WITH", "INSERT", "UPDATE", "DELETE"];
    if !rows.contains(&first_word) {
        effect.add_change();
    }
    Ok(effect)
}

/// Reads what a database keeps and runs: the body of a function in SQL or PL/pgSQL, the definition of a view, of a default
/// or of a constraint.
pub(crate) fn of_stored(text: &str) -> SessionEffect {
    let Some(tokens) = unambiguous_tokens(text) else { return SessionEffect::Changes };
    let mut effect = SessionEffect::Neutral;
    for at in 0..tokens.len() {
        let refused = call_at(&tokens, at).is_some_and(|call| {
            refuse_session_function(&call.name, third_argument_is_true(&tokens[at + 2..])).is_err()
        });
        if refused || changes_as_statement(&tokens, at) {
            effect.add_change();
        }
        add_token(&mut effect, &tokens, at);
    }
    effect
}

/// The tokens of a text that PostgreSQL certainly splits in the same way: without escapes, strings between dollars, and a
/// carriage return that ends a comment.
fn unambiguous_tokens(sql: &str) -> Option<Vec<TokenWithSpan>> {
    let lone_return = sql.replace("\r\n", "\n").contains('\r');
    if lone_return || sql.contains('`') || sql.contains("$$") {
        return None;
    }
    let tokens = phantomdb_sql::parse::tokens(sql).ok()?;
    let ambiguous = |token: &Token| {
        matches!(
            token,
            Token::DollarQuotedString(_) | Token::EscapedStringLiteral(_) | Token::UnicodeStringLiteral(_)
        )
    };
    (!tokens.iter().any(|token| ambiguous(&token.token))).then_some(tokens)
}

struct Call {
    schema: Option<String>,
    name: String,
}

/// The call that begins with the name at this place.
fn call_at(tokens: &[TokenWithSpan], at: usize) -> Option<Call> {
    let word = word_at(tokens, at)?;
    if !matches!(tokens.get(at + 1).map(|next| &next.token), Some(Token::LParen)) {
        return None;
    }
    let name = if word.quote_style.is_none() { word.value.to_ascii_lowercase() } else { word.value.clone() };
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)).map(|token| &token.token);
    let schema = match (before(1), before(2)) {
        (Some(Token::Period), Some(Token::Word(schema))) => Some(schema.value.clone()),
        (Some(Token::Period), _) => Some(String::new()),
        _ => None,
    };
    if schema.is_none() && is_no_call(tokens, at, word, &name) {
        return None;
    }
    Some(Call { schema, name })
}

fn add_token(effect: &mut SessionEffect, tokens: &[TokenWithSpan], at: usize) {
    if let Some(call) = call_at(tokens, at) {
        effect.add_call(call.schema.as_deref(), &call.name);
    }
    let before = at.checked_sub(1);
    let of_session = word_at(tokens, at).is_some_and(|word| {
        // A Unicode identifier is split into the letter, the sign and the text.
        belongs_to_session(Some(&word.value), &word.value)
            || word.quote_style.is_none() && word.value.eq_ignore_ascii_case("UESCAPE")
            || word.quote_style.is_some()
                && matches!(before, Some(at) if tokens[at].token == Token::Ampersand)
    });
    let makes_temporary = is_bare(tokens, at, &["TEMP", "TEMPORARY"])
        && matches!(before, Some(at) if is_bare(tokens, at, &["CREATE", "LOCAL", "GLOBAL", "INTO", "REPLACE"]));
    if of_session || makes_temporary {
        effect.add_change();
    }
}

/// True for the first word of a statement within a function that changes the session, or that cannot be read.
fn changes_as_statement(tokens: &[TokenWithSpan], at: usize) -> bool {
    if is_bare(tokens, at, &["EXECUTE"]) {
        return !is_bare(tokens, at + 1, &["FUNCTION", "PROCEDURE"]);
    }
    let begins = at.checked_sub(1).is_none_or(|before| {
        tokens[before].token == Token::SemiColon
            || is_bare(tokens, before, &["BEGIN", "THEN", "ELSE", "LOOP", "ATOMIC"])
    });
    let statements = [
        "SET",
        "RESET",
        "LISTEN",
        "UNLISTEN",
        "LOAD",
        "DISCARD",
        "PREPARE",
        "DEALLOCATE",
        "DO",
        "CALL",
        "COPY",
    ];
    begins && is_bare(tokens, at, &statements)
}

fn word_at(tokens: &[TokenWithSpan], at: usize) -> Option<&Word> {
    match &tokens.get(at)?.token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

/// True for one of these words without quotes.
fn is_bare(tokens: &[TokenWithSpan], at: usize, words: &[&str]) -> bool {
    word_at(tokens, at).is_some_and(|word| {
        word.quote_style.is_none() && words.iter().any(|known| word.value.eq_ignore_ascii_case(known))
    })
}

/// True for a word before a parenthesis that calls nothing: a keyword, a type with its length, the table of an INSERT, an
/// alias with its columns, a query with its columns.
fn is_no_call(tokens: &[TokenWithSpan], at: usize, word: &Word, name: &str) -> bool {
    const KEYWORDS: &str = "and as assert between by case check conflict cube cursor distinct do else elseif elsif escape \
        except exists filter from group having if ilike in intersect interval into is join key lateral like limit \
        loop materialized not offset on or over partition perform query raise return returning rollup select sets \
        similar then to unique union using values when where while with within order set \
        bit char character decimal float numeric time timestamp timestamptz timetz varchar varying";
    if word.quote_style.is_none() && KEYWORDS.split_whitespace().any(|known| known == name) {
        return true;
    }
    let Some(before) = at.checked_sub(1) else { return false };
    is_bare(tokens, before, &["INTO", "AS"])
        || tokens[before].token == Token::RParen && !closes_condition(tokens, before)
        || (is_bare(tokens, before, &["WITH", "RECURSIVE"]) || tokens[before].token == Token::Comma)
            && is_followed_by_query(tokens, at + 1)
}

/// True when the parenthesis that ends here begins after ON: what follows DISTINCT ON (a) is an expression, not an alias.
fn closes_condition(tokens: &[TokenWithSpan], close: usize) -> bool {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().take(close + 1).rev() {
        match token.token {
            Token::RParen => depth += 1,
            Token::LParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at.checked_sub(1).is_none_or(|before| is_bare(tokens, before, &["ON"]));
        }
    }
    true
}

/// True when `AS (SELECT` or its like follows the parenthesis that begins here.
fn is_followed_by_query(tokens: &[TokenWithSpan], open: usize) -> bool {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let mut next = at + 2;
            while is_bare(tokens, next, &["NOT", "MATERIALIZED"]) {
                next += 1;
            }
            let begins = ["SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE", "TABLE"];
            return is_bare(tokens, at + 1, &["AS"])
                && matches!(tokens.get(next).map(|token| &token.token), Some(Token::LParen))
                && is_bare(tokens, next + 1, &begins);
        }
    }
    false
}

/// True when the third argument of the call is the word `true`. The tokens begin with the first argument.
fn third_argument_is_true(tokens: &[TokenWithSpan]) -> bool {
    let (mut depth, mut commas) = (0_usize, 0_usize);
    let mut third = Vec::new();
    for token in tokens {
        match token.token {
            Token::RParen if depth == 0 => {
                return matches!(third.as_slice(), [Token::Word(word)] if word.quote_style.is_none()
                    && word.value.eq_ignore_ascii_case("true"));
            }
            Token::Comma if depth == 0 => {
                commas += 1;
                continue;
            }
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        if commas >= 2 {
            third.push(token.token.clone());
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(sql: &str) -> Option<SessionEffect> {
        crate::native::adapt(sql).ok().map(|adapted| adapted.session)
    }

    #[test]
    fn a_native_statement_that_reads_or_changes_rows_leaves_the_session_as_it_was() {
        for sql in [
            "SELECT count(*), \"a\"::numeric(10, 2) FROM t AS x (a, b) WHERE a IN (1, 2) AND pg_catalog.lower(b) = '\\'",
            "INSERT INTO t (a, b) VALUES (1, now()) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING (a)",
            "WITH x AS (DELETE FROM t USING u RETURNING a) SELECT set_config('app.user', '7', true) FROM x",
            "WITH x (a, b) AS (SELECT 1, 2), y (c) AS NOT MATERIALIZED (VALUES (1)) SELECT * FROM unnest('{1}'::int[]) z(d)",
            "UPDATE t SET (a) = (SELECT max(a) FROM t) WHERE EXISTS (SELECT 1)",
            "SHOW search_path",
        ] {
            assert_eq!(native(sql), Some(SessionEffect::Neutral), "{sql}");
        }
    }

    #[test]
    fn a_function_that_is_not_postgresqls_own_is_named() {
        for (sql, names) in [
            ("SELECT f(1)", vec!["f"]),
            ("SELECT public.lower('x'), g(2)", vec!["public.lower", "g"]),
            ("SELECT \"LOWER\"('x')", vec!["LOWER"]),
            ("SELECT * FROM lateral_view('x') AS (a int)", vec!["lateral_view"]),
            ("SELECT DISTINCT ON (a) f(b) FROM t AS u (a, b)", vec!["f"]),
            ("SELECT query_to_xml('SELECT 1', true, true, '')", vec!["query_to_xml"]),
        ] {
            let names = names.into_iter().map(str::to_owned).collect();
            assert_eq!(native(sql), Some(SessionEffect::Calls(names)), "{sql}");
        }
    }

    #[test]
    fn any_other_native_statement_may_change_the_session() {
        for sql in [
            "DO $$ BEGIN PERFORM 1; END $$",
            "CALL f()",
            "SELECT 1 INTO TEMP x",
            "SELECT 1 INTO x",
            "CREATE TEMP TABLE x (a int)",
            "SET LOCAL x.y = 1",
            "SELECT 1 --\r , f()",
            "SELECT U&\"f\\0061\"(1)",
            "SELECT E'\\'', f(1) --'",
            "SELECT 1; SELECT 2",
            "EXPLAIN ANALYZE SELECT f(1)",
            "UPDATE pg_settings SET setting = 'x' WHERE name = 'search_path'",
            "UPDATE \"pg_catalog\".\"pg_settings\" SET setting = 'x'",
            "INSERT INTO pg_temp.t VALUES (1)",
        ] {
            assert_eq!(native(sql), Some(SessionEffect::Changes), "{sql}");
        }
    }

    #[test]
    fn functions_that_only_change_the_session_are_refused() {
        for sql in [
            "SELECT set_config('a.b', 'c', false)",
            "SELECT pg_catalog.set_config('a.b', 'c', 1 = 1)",
            "SELECT SET_CONFIG('a.b', 'c', is_local => true)",
            "SELECT pg_advisory_lock(1)",
            "SELECT setseed(0.5)",
            "SELECT DISTINCT ON (a) set_config(a, b, false) FROM t",
        ] {
            assert_eq!(native(sql), None, "{sql}");
        }
    }

    #[test]
    fn the_usual_functions_and_definitions_of_a_database_are_neutral() {
        for text in [
            "BEGIN\r\n NEW.updated_at = now(); -- the time\r\n IF (NEW.a IS NULL) THEN RETURN NULL; END IF; RETURN NEW; END",
            "DECLARE x numeric(10,2) := 1; BEGIN UPDATE t SET a = x WHERE b ~ '\\d'; INSERT INTO log (a) VALUES (x); RETURN x; END",
            "CREATE RULE \"_RETURN\" AS ON SELECT TO v DO INSTEAD SELECT count(*) AS n FROM (t JOIN u ON ((t.a = u.a)))",
            "CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION lower('a')",
            "CHECK ((char_length((v)::text) <= 5))",
            "CHECK (((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying(5)])::text[])))",
            "nextval('t_id_seq'::regclass)",
        ] {
            assert_eq!(of_stored(text), SessionEffect::Neutral, "{text}");
        }
    }

    #[test]
    fn stored_code_that_may_change_the_session_is_seen() {
        for text in [
            "BEGIN PERFORM set_config('search_path', 'x', false); RETURN NEW; END",
            "BEGIN EXECUTE 'SET x = 1'; END",
            "BEGIN IF a THEN /* */ SET search_path = x; END IF; END",
            "BEGIN CREATE TEMP TABLE x (a int); END",
            "SELECT pg_advisory_lock(1)",
            "UPDATE pg_settings SET setting = 'x'",
            "BEGIN LISTEN x; END",
        ] {
            assert_eq!(of_stored(text), SessionEffect::Changes, "{text}");
        }
    }
}
