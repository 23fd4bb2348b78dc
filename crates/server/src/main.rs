use std::process::ExitCode;

fn main() -> ExitCode {
    let code = phantomdb_server::cli::run(std::env::args().collect());
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
