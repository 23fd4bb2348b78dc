//! Asks the user whether to import although something is lost.

use std::io::{BufRead, IsTerminal as _, Write};

/// True when there is a terminal to ask on.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks on the terminal. Any answer but yes is a no.
pub(crate) fn ask() -> bool {
    agreed(&mut std::io::stdin().lock(), &mut std::io::stderr())
}

fn agreed(input: &mut impl BufRead, output: &mut impl Write) -> bool {
    let mut answer = String::new();
    write!(output, "Import all the same? [y/N] ")
        .and_then(|()| output.flush())
        .and_then(|()| input.read_line(&mut answer))
        .is_ok_and(|_| matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, expected) in [
            ("y\n", true),
            ("Yes\n", true),
            ("n\n", false),
            ("\n", false),
            ("", false),
            ("yesterday\n", false),
        ] {
            let mut asked = Vec::new();
            assert_eq!(agreed(&mut answer.as_bytes(), &mut asked), expected, "{answer:?}");
            assert!(String::from_utf8(asked).unwrap().contains("all the same?"));
        }
    }
}
