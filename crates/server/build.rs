//! Compiles the crate again when the console is built, whose files it holds.

use std::path::Path;

fn main() {
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console");
    // Cargo takes a path that is missing for one that has changed.
    let watched = [console.join("dist"), console].into_iter().find(|path| path.exists());
    match watched {
        Some(path) => println!("cargo::rerun-if-changed={}", path.display()),
        None => println!("cargo::rerun-if-changed=build.rs"),
    }
}
