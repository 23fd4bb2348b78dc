//! Parses a text as exactly one statement, with errors that have a position.

use phantomdb_protocol::{Error, ErrorCode, Result};
use sqlparser::{
    ast::{AlterIndexOperation, DataType, Expr, ObjectName, Statement},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, TokenWithSpan},
};

use super::{dialect::PhantomDialect, lexer::tokenize, own_tables, position::position, size::SizeLimits};

/// Levels of nesting a statement may have. The parser counts about two for each parenthesis.
const RECURSION_LIMIT: usize = 300;

/// The target of `ON CONFLICT (…) WHERE … DO`. The parser reads plain columns only.
#[derive(Debug)]
pub struct ConflictTarget {
    pub fields: Vec<Expr>,
    pub condition: Option<Expr>,
}

#[derive(Debug)]
pub enum Parsed {
    Statement {
        statement: Box<Statement>,
        conflict: Option<Box<ConflictTarget>>,
    },
    /// `SET CONSTRAINTS ALL DEFERRED` or `IMMEDIATE`, which the parser does not read.
    SetConstraints {
        deferred: bool,
    },
    /// `ALTER INDEX … RENAME TO`. The parser does not read its IF EXISTS.
    RenameIndex {
        from: ObjectName,
        to: ObjectName,
        if_exists: bool,
    },
    /// `DROP INDEX CONCURRENTLY`, as the statement without this word, which the parser does not read.
    DropIndexConcurrently(Box<Statement>),
}

/// The tokens of a statement without spaces and comments. Fails with `TOO_LARGE` for a statement beyond [`SizeLimits`].
pub fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>> {
    let limits = SizeLimits::current();
    limits.check_text(sql)?;
    let tokens = unchecked_tokens(sql)?;
    limits.check_tokens(&tokens)?;
    Ok(tokens)
}

pub(crate) fn unchecked_tokens(sql: &str) -> Result<Vec<TokenWithSpan>> {
    let tokens = tokenize(sql).map_err(|error| {
        Error::new(ErrorCode::SyntaxError, format!("syntax error: {}", error.message))
            .with_position(position(sql, error.location))
    })?;
    let mut named = name_question_marks(tokens);
    named.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    name_trimmed_spaces(&mut named);
    Ok(named)
}

/// Writes the space into `TRIM(LEADING FROM …)`, where the parser would read FROM as the name of a function.
fn name_trimmed_spaces(tokens: &mut Vec<TokenWithSpan>) {
    let mut index = 0;
    while index + 3 < tokens.len() {
        let is_trim = is_word(tokens.get(index), "TRIM")
            && tokens[index + 1].token == Token::LParen
            && ["LEADING", "TRAILING", "BOTH"].iter().any(|word| is_word(tokens.get(index + 2), word))
            && is_word(tokens.get(index + 3), "FROM");
        if is_trim {
            let space = Token::SingleQuotedString(" ".to_owned());
            tokens.insert(index + 3, TokenWithSpan { token: space, span: tokens[index + 3].span });
        }
        index += 1;
    }
}

/// `?`, `?|` and `?&` are operators on documents here; the tokenizer takes the mark for a placeholder.
fn name_question_marks(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut named: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if let Some(last) = named.last_mut()
            && last.token == Token::Question
            && let Some(longer) = match token.token {
                Token::Pipe => Some(Token::QuestionPipe),
                Token::Ampersand => Some(Token::QuestionAnd),
                _ => None,
            }
        {
            last.token = longer;
            continue;
        }
        let is_mark = matches!(&token.token, Token::Placeholder(mark) if mark == "?");
        named.push(if is_mark { TokenWithSpan { token: Token::Question, ..token } } else { token });
    }
    named
}

/// Parses tokens that are one statement.
pub fn statement(sql: &str, mut tokens: Vec<TokenWithSpan>) -> Result<Parsed> {
    if tokens.iter().all(|token| token.token == Token::SemiColon) {
        return Err(Error::new(ErrorCode::SyntaxError, "the statement is empty"));
    }
    own_tables::refuse_in(sql, &tokens)?;
    if let Some(deferred) = set_constraints(&tokens) {
        return Ok(Parsed::SetConstraints { deferred });
    }
    tokens = parenthesize_values(simplify_row_locks(tokens));
    select_from_table(&mut tokens);
    let conflict = take_conflict_target(sql, &mut tokens)?;
    let concurrently = take_words(&mut tokens, &["DROP", "INDEX"], &["CONCURRENTLY"]);
    let if_exists = take_words(&mut tokens, &["ALTER", "INDEX"], &["IF", "EXISTS"]);
    let mut parser = parser(tokens);
    let statement = parser.parse_statement().map_err(|error| syntax_error(sql, error))?;
    expect_end(sql, &mut parser, "unexpected text after the statement")?;
    own_tables::refuse_new(sql, &statement)?;
    if let Statement::AlterIndex {
        name: from,
        operation: AlterIndexOperation::RenameIndex { index_name: to },
    } = statement
    {
        return Ok(Parsed::RenameIndex { from, to, if_exists });
    }
    if concurrently {
        return Ok(Parsed::DropIndexConcurrently(Box::new(statement)));
    }
    Ok(Parsed::Statement { statement: Box::new(statement), conflict: conflict.map(Box::new) })
}

/// Writes `SELECT * FROM a` for the query `TABLE a`, of which the parser would forget the quotes.
fn select_from_table(tokens: &mut Vec<TokenWithSpan>) {
    const BEFORE: [&str; 6] = ["AS", "UNION", "INTERSECT", "EXCEPT", "ALL", "DISTINCT"];
    let may_follow_columns = ["WITH", "INSERT"].iter().any(|word| is_word(tokens.first(), word));
    let mut index = 0;
    while index + 1 < tokens.len() {
        let begins_query = match index.checked_sub(1).map(|before| &tokens[before]) {
            None => true,
            Some(before) => match &before.token {
                Token::LParen => true,
                Token::RParen => may_follow_columns,
                Token::Word(_) => {
                    BEFORE.iter().any(|word| is_word(Some(before), word)) || follows_target(tokens, index)
                }
                _ => false,
            },
        };
        let is_table = is_word(tokens.get(index), "TABLE")
            && matches!(&tokens[index + 1].token, Token::Word(name) if name.keyword != Keyword::IF);
        if begins_query && is_table {
            let span = tokens[index].span;
            let select = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")];
            tokens.splice(index..=index, select.map(|token| TokenWithSpan { token, span }));
        }
        index += 1;
    }
}

/// True behind `INSERT INTO a` and `INSERT INTO b.a`.
fn follows_target(tokens: &[TokenWithSpan], index: usize) -> bool {
    let is_into = |at: Option<usize>| at.is_some_and(|at| is_word(tokens.get(at), "INTO"));
    let is_period = |at: Option<usize>| at.is_some_and(|at| tokens[at].token == Token::Period);
    is_into(index.checked_sub(2)) || (is_period(index.checked_sub(2)) && is_into(index.checked_sub(4)))
}

/// Parses one expression, as in a condition of the contract or a stored default.
pub fn parse_expression(sql: &str) -> Result<Expr> {
    let mut parser = parser(tokens(sql)?);
    let expression = parser.parse_expr().map_err(|error| syntax_error(sql, error))?;
    expect_end(sql, &mut parser, "unexpected text after the expression")?;
    Ok(expression)
}

/// Parses a type, as in `CREATE TABLE`.
pub fn parse_type(sql: &str) -> Result<DataType> {
    let mut parser = parser(tokens(sql)?);
    let data_type = parser.parse_data_type().map_err(|error| syntax_error(sql, error))?;
    expect_end(sql, &mut parser, "unexpected text after the type")?;
    Ok(data_type)
}

/// Parses a statement that an engine has stored in its catalog.
pub fn parse_stored(sql: &str) -> Result<Statement> {
    let mut parser = parser(tokens(sql)?);
    parser.parse_statement().map_err(|error| syntax_error(sql, error))
}

fn parser(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&PhantomDialect).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(tokens)
}

fn expect_end(sql: &str, parser: &mut Parser, message: &str) -> Result<()> {
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token_ref();
    if next.token == Token::EOF {
        return Ok(());
    }
    Err(Error::new(ErrorCode::SyntaxError, format!("{message} (at '{}')", next.token))
        .with_position(position(sql, next.span.start)))
}

fn syntax_error(sql: &str, error: ParserError) -> Error {
    let message = match error {
        ParserError::RecursionLimitExceeded => {
            return Error::new(ErrorCode::SyntaxError, "the statement is nested too deeply");
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let Some((what, location)) = message.rsplit_once(" at Line: ") else {
        let error = Error::new(ErrorCode::SyntaxError, format!("syntax error: {message}"));
        let at_end = message.ends_with("found: EOF");
        return if at_end { error.with_position(sql.chars().count() as u64 + 1) } else { error };
    };
    let numbers = location.split_once(", Column: ");
    let place = numbers.and_then(|(line, column)| Some((line.parse().ok()?, column.trim().parse().ok()?)));
    let place = place.map(|(line, column)| position(sql, Location { line, column }));
    // The parser would show the token as its own code sees it.
    let unexpected = what.starts_with("No infix parser for token");
    let what = match place.filter(|_| unexpected).and_then(|place| token_at(sql, place)) {
        Some(token) => format!("unexpected '{token}'"),
        None => what.to_owned(),
    };
    let error = Error::new(ErrorCode::SyntaxError, format!("syntax error: {what}"));
    match place {
        Some(place) => error.with_position(place),
        None => error,
    }
}

/// The word or the sign at a position.
fn token_at(sql: &str, position: u64) -> Option<String> {
    let before = usize::try_from(position).ok()?.checked_sub(1)?;
    let mut characters = sql.chars().skip(before).peekable();
    let first = *characters.peek()?;
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    Some(if is_word(&first) { characters.take_while(is_word).collect() } else { first.to_string() })
}

pub(crate) fn is_word(token: Option<&TokenWithSpan>, word: &str) -> bool {
    matches!(token.map(|t| &t.token), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

fn set_constraints(tokens: &[TokenWithSpan]) -> Option<bool> {
    if !is_word(tokens.first(), "SET") || !is_word(tokens.get(1), "CONSTRAINTS") {
        return None;
    }
    let last = tokens.iter().rposition(|token| token.token != Token::SemiColon)?;
    if is_word(tokens.get(last), "DEFERRED") {
        Some(true)
    } else if is_word(tokens.get(last), "IMMEDIATE") {
        Some(false)
    } else {
        None
    }
}

/// Removes words that follow the first words of a statement. Returns whether they were there.
fn take_words(tokens: &mut Vec<TokenWithSpan>, first: &[&str], words: &[&str]) -> bool {
    let mut expected = first.iter().chain(words).enumerate();
    let found = expected.all(|(index, word)| is_word(tokens.get(index), word));
    if found {
        tokens.drain(first.len()..first.len() + words.len());
    }
    found
}

/// Begins a name that carries the strength of a lock that the parser does not know.
pub const LOCK_STRENGTH: char = '\u{1}';

/// `FOR NO KEY UPDATE OF a, b` and `FOR KEY SHARE` become what the parser knows, `FOR UPDATE OF s.a.b`: the strength is
/// the first part of that name, marked with [`LOCK_STRENGTH`], and the tables are its other parts.
fn simplify_row_locks(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !(0..tokens.len()).any(|index| row_lock(&tokens[index..]).is_some()) {
        return tokens;
    }
    let mut simple = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while index < tokens.len() {
        let Some((strength, length)) = row_lock(&tokens[index..]) else {
            simple.push(tokens[index].clone());
            index += 1;
            continue;
        };
        let span = tokens[index].span;
        let at = |token| TokenWithSpan { token, span };
        let name =
            strength.map(|strength| at(Token::make_word(&format!("{LOCK_STRENGTH}{strength}"), Some('"'))));
        // FOR, and UPDATE or SHARE.
        simple.extend([tokens[index].clone(), tokens[index + length - 1].clone()]);
        index += length;
        if is_word(tokens.get(index), "OF") {
            simple.push(tokens[index].clone());
            index += 1;
            if let Some(name) = name {
                simple.extend([name, at(Token::Period)]);
            }
            simple.extend(tokens.get(index).cloned());
            index += 1;
            while tokens.get(index).is_some_and(|token| token.token == Token::Comma) {
                simple.push(TokenWithSpan { token: Token::Period, span: tokens[index].span });
                simple.extend(tokens.get(index + 1).cloned());
                index += 2;
            }
        } else if let Some(name) = name {
            simple.extend([at(Token::make_keyword("OF")), name]);
        }
    }
    simple
}

/// The strength of the lock that these tokens begin with, if the parser does not know it, and the number of its words.
fn row_lock(tokens: &[TokenWithSpan]) -> Option<(Option<&'static str>, usize)> {
    if !is_word(tokens.first(), "FOR") {
        return None;
    }
    let key = if is_word(tokens.get(1), "NO") { 2 } else { 1 };
    let is = |index: usize, word| is_word(tokens.get(index), word);
    match () {
        () if is(key, "KEY") && is(key + 1, "UPDATE") => Some((Some("NO KEY UPDATE"), key + 2)),
        () if is(key, "KEY") && is(key + 1, "SHARE") => Some((Some("KEY SHARE"), key + 2)),
        () if is(1, "UPDATE") || is(1, "SHARE") => Some((None, 2)),
        () => None,
    }
}

/// `ANY (VALUES …)` becomes `ANY (SELECT * FROM (VALUES …))`: the parser takes VALUES here for a function.
fn parenthesize_values(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let begins_values = |open: usize| {
        tokens[open].token == Token::LParen
            && is_word(tokens.get(open + 1), "VALUES")
            && open > 0
            && ["ANY", "SOME", "ALL", "IN"].iter().any(|word| is_word(tokens.get(open - 1), word))
    };
    if !(0..tokens.len()).any(begins_values) {
        return tokens;
    }
    let mut changed = Vec::with_capacity(tokens.len());
    // For each open parenthesis, whether one was added within it.
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        changed.push(token.clone());
        match token.token {
            Token::LParen => {
                let adds = begins_values(index);
                open.push(adds);
                if adds {
                    let at = |added| TokenWithSpan { token: added, span: token.span };
                    let [select, from] = ["SELECT", "FROM"].map(|word| at(Token::make_keyword(word)));
                    changed.extend([select, at(Token::Mul), from, at(Token::LParen)]);
                }
            }
            Token::RParen if open.pop() == Some(true) => changed.push(token.clone()),
            _ => {}
        }
    }
    changed
}

fn take_conflict_target(sql: &str, tokens: &mut Vec<TokenWithSpan>) -> Result<Option<ConflictTarget>> {
    let Some(open) = (2..tokens.len()).find(|&at| {
        tokens[at].token == Token::LParen
            && is_word(tokens.get(at - 1), "CONFLICT")
            && is_word(tokens.get(at - 2), "ON")
    }) else {
        return Ok(None);
    };
    let mut depth = 0_usize;
    let end = tokens.iter().enumerate().skip(open).find_map(|(at, token)| {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(ref word) if depth == 0 && word.keyword == Keyword::DO => return Some(at),
            _ => {}
        }
        None
    });
    let Some(end) = end else { return Ok(None) };
    let target: Vec<TokenWithSpan> = tokens.drain(open..end).collect();
    let mut parser = parser(target);
    let fields = parser
        .expect_token(&Token::LParen)
        .and_then(|_| parser.parse_comma_separated(Parser::parse_expr))
        .and_then(|fields| parser.expect_token(&Token::RParen).map(|_| fields))
        .map_err(|error| syntax_error(sql, error))?;
    let condition = if parser.parse_keyword(Keyword::WHERE) {
        Some(parser.parse_expr().map_err(|error| syntax_error(sql, error))?)
    } else {
        None
    };
    expect_end(sql, &mut parser, "expected DO after the conflict target")?;
    Ok(Some(ConflictTarget { fields, condition }))
}
