//! The prompt, at a pseudo-terminal.

use std::{
    os::unix::fs::PermissionsExt as _,
    process::Command,
    time::{Duration, Instant},
};

use rexpect::{
    reader::Options,
    session::{PtySession, spawn_with_options},
};

use super::{
    common::process::{Directory, serve},
    shop,
};

/// Longer than any of it takes on a busy computer.
const TIMEOUT: u64 = 120_000;

/// Starts `phantomdb sql` at a terminal, with its history in a directory of its own.
pub(super) fn at_terminal(arguments: &[&str], state: &Directory) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phantomdb"));
    command.arg("sql").args(arguments);
    for variable in ["PHANTOMDB_URL", "PHANTOMDB_TOKEN", "PHANTOMDB_HISTORY", "NO_COLOR", "PAGER"] {
        command.env_remove(variable);
    }
    command.env("XDG_STATE_HOME", state.path()).env("PHANTOMDB_PAGER", "").env("TERM", "xterm");
    let options = Options::new().timeout_ms(Some(TIMEOUT)).strip_ansi_escape_codes(true);
    spawn_with_options(command, options).unwrap()
}

struct Terminal {
    session: PtySession,
    state: Directory,
}

impl Terminal {
    fn start(name: &str, place: &str) -> Self {
        let state = Directory::new(&format!("{name}-state"));
        let mut session = at_terminal(&[place], &state);
        session.exp_string("A statement ends with ;").unwrap();
        Self { session, state }
    }

    /// Types a line, and waits for what it shows.
    #[track_caller]
    fn say(&mut self, line: &str, expected: &str) -> String {
        self.session.send_line(line).unwrap();
        self.expect(expected)
    }

    /// Types keys.
    fn press(&mut self, keys: &str) {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
    }

    #[track_caller]
    fn expect(&mut self, expected: &str) -> String {
        self.session.exp_string(expected).unwrap_or_else(|error| panic!("{expected:?}: {error}"))
    }

    /// Presses Ctrl-C until the terminal shows a text and a prompt: nothing there says when a statement is under way, and before that
    /// Ctrl-C only empties the line.
    #[track_caller]
    fn interrupt_until(&mut self, expected: &str) {
        let mut shown = String::new();
        let deadline = Instant::now() + Duration::from_millis(TIMEOUT);
        // The terminal drops what is typed before the prompt is there.
        while !shown.split_once(expected).is_some_and(|(_, after)| after.contains("> ")) {
            assert!(Instant::now() < deadline, "{expected:?}: {shown}");
            self.session.send_control('c').unwrap();
            std::thread::sleep(Duration::from_millis(200));
            while let Some(next) = self.session.try_read() {
                shown.push(next);
            }
        }
    }

    fn quit(mut self) {
        self.session.send_line(".quit").unwrap();
        self.session.exp_eof().unwrap();
    }
}

#[test]
fn a_statement_may_have_several_lines_and_a_transaction_is_in_the_prompt() {
    let shop = shop("prompt-lines");
    let mut terminal = Terminal::start("prompt-lines", shop.path());
    terminal.expect("app> ");
    terminal.say("SELECT name", "; ends the statement");
    terminal.session.send_line("  FROM users").unwrap();
    terminal.say("  WHERE id = 2;", "Grace");
    terminal.say("BEGIN;", "app*> ");
    terminal.say("DELETE FROM users;", "2 rows deleted");
    terminal.say("ROLLBACK;", "app> ");
    terminal.say("SELECT count(*) AS left FROM users;", "(1 row)");
    terminal.say("COMMIT;", "there is no transaction to end");
    terminal.quit();
}

#[test]
fn a_command_within_an_unfinished_statement_is_no_sql() {
    let shop = shop("prompt-unfinished");
    let mut terminal = Terminal::start("prompt-unfinished", shop.path());
    terminal.session.send_line("SELECT name FROM users").unwrap();
    terminal.say(".tables", "the statement before .tables has no ; at its end, so neither was run");
    terminal.session.send_line("SELECT users").unwrap();
    terminal.say("  .name FROM users;", "(2 rows)");
    terminal.session.send_line("SELECT 'a").unwrap();
    terminal.say(".quit' AS text;", "(1 row)");
    terminal.session.send_line("SELECT name FROM users").unwrap();
    terminal.session.send_line("exit").unwrap();
    terminal.session.exp_eof().unwrap();
}

#[test]
fn an_error_has_a_caret_below_its_place_and_a_hint() {
    let shop = shop("prompt-error");
    let mut terminal = Terminal::start("prompt-error", shop.path());
    terminal.say("SELECT nmae FROM users;", "there is no column \"nmae\"");
    terminal.expect("  SELECT nmae FROM users");
    let below = terminal.expect("^");
    assert!(below.ends_with("\n         "), "{below:?}");
    terminal.expect("did you mean \"name\"?");
    terminal.say("SELECT 1 + 1 AS sum;", "(1 row)");
    terminal.quit();
}

#[test]
fn ctrl_c_stops_the_statement_and_not_the_program() {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;";
    let shop = shop("prompt-cancel");
    let served = serve(&["--memory"]);
    let url = format!("phantomdb://{}/app", served.caller.address);
    assert_eq!(super::run(&["databases", "create", "app", &url], "").code, Some(0));
    for (name, place) in [("prompt-cancel-file", shop.path()), ("prompt-cancel-http", url.as_str())] {
        let mut terminal = Terminal::start(name, place);
        terminal.say("BEGIN;", "app*> ");
        terminal.session.send_line(endless).unwrap();
        terminal.expect("FROM n;");
        terminal.interrupt_until("the statement was cancelled");
        // The server has ended it: the transaction takes the next statement.
        terminal.say("SELECT 40 + 2 AS answer;", "42");
        terminal.say("COMMIT;", "COMMIT");
        terminal.press("SELECT nothing");
        terminal.expect("SELECT nothing");
        terminal.session.send_control('c').unwrap();
        terminal.expect("app> ");
        terminal.say("SELECT 6 * 7 AS again;", "42");
        terminal.quit();
    }
}

#[test]
fn tab_completes_tables_columns_and_commands() {
    let shop = shop("prompt-tab");
    let mut terminal = Terminal::start("prompt-tab", shop.path());
    terminal.press("SELECT ema\t FROM use\t;\r");
    terminal.expect("(2 rows)");
    terminal.press(".descr\t ord\t\r");
    terminal.expect("REFERENCES users (id)");
    terminal.press("sel\t 21 * 2 as a\r;\r");
    terminal.expect("42");
    terminal.quit();
}

#[test]
fn the_commands_show_what_is_there() {
    let shop = shop("prompt-commands");
    let mut terminal = Terminal::start("prompt-commands", shop.path());
    terminal.say(".tables", "orders");
    terminal.say("\\d users", "name   | TEXT");
    terminal.say(".schema users", "CREATE TABLE \"users\" (");
    terminal.say("\\l", "app");
    terminal.say(".status", "transaction | none");
    terminal.say(".help", ".export FILE");
    terminal.say(".timer on", "The time is shown.");
    terminal.say("SELECT 1 AS one;", "Time: ");
    terminal.say(".mode json", "> ");
    terminal.say("SELECT 'x' AS \"my key\";", "{\"my key\":\"x\"}");
    terminal.say(".tabels", "did you mean .tables?");
    terminal.say("show tables;", "hint: the shell has .tables");
    terminal.say(".use other", "there is no database \"other\"");
    terminal.say("CREATE DATABASE other;", "> ");
    terminal.say(".mode auto", "> ");
    terminal.say(".use other", "other> ");
    terminal.say("SELECT 1;", "(1 row)");
    terminal.quit();
}

#[test]
fn the_history_is_kept_for_its_owner_only() {
    let shop = shop("prompt-history");
    let mut terminal = Terminal::start("prompt-history", shop.path());
    terminal.say("SELECT 1234 AS remembered;", "(1 row)");
    terminal.say(" SELECT 'a secret' AS hidden;", "(1 row)");
    terminal.session.send_line(".quit").unwrap();
    terminal.session.exp_eof().unwrap();
    let directory = terminal.state.0.join("phantomdb");
    let file = directory.join("history");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("1234") && !text.contains("secret"), "{text}");
    let mut again = at_terminal(&[shop.path()], &terminal.state);
    again.exp_string("A statement ends with ;").unwrap();
    // The arrow goes to the last line, which is .quit, and to the one before it.
    again.send("\u{1b}[A\u{1b}[A\r").unwrap();
    again.flush().unwrap();
    again.exp_string("1234").unwrap();
    again.exp_string("(1 row)").unwrap();
    again.send_control('d').unwrap();
    again.exp_eof().unwrap();
}

#[test]
fn a_long_result_goes_through_the_pager() {
    let shop = shop("prompt-pager");
    let state = Directory::new("prompt-pager-state");
    let mut command = Command::new(env!("CARGO_BIN_EXE_phantomdb"));
    command.args(["sql", shop.path()]).env("XDG_STATE_HOME", state.path());
    command.env("PHANTOMDB_PAGER", "sed s/^/paged:/").env("TERM", "xterm").env_remove("PHANTOMDB_URL");
    let options = Options::new().timeout_ms(Some(TIMEOUT)).strip_ansi_escape_codes(true);
    let mut session = spawn_with_options(command, options).unwrap();
    session.exp_string("A statement ends with ;").unwrap();
    let rows =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n;";
    session.send_line(rows).unwrap();
    session.exp_string("paged: 199").unwrap();
    session.send_line("SELECT 1 AS one;").unwrap();
    let before = session.exp_string("(1 row)").unwrap();
    assert!(!before.contains("paged: one"), "{before}");
    session.send_line(".quit").unwrap();
    session.exp_eof().unwrap();
}
