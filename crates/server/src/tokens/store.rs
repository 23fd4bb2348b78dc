//! The file of `phantomdb token`: names, rights and hashes of tokens, as TOML.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use phantomdb_protocol::Right;
use phantomdb_service::{DatabasePattern, Grant};
use serde::{Deserialize, Serialize};

use super::known::{KnownToken, TokenHash, hash, hex};

/// Tools that look for secrets in source code find a token by this beginning.
const PREFIX: &str = "phantomdb_";
const SECRET_BYTES: usize = 32;
const HEAD: &str =
    "# The tokens of a PhantomDB server, made by `phantomdb token`. It has their hashes only.\n";

/// A token as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredToken {
    pub name: String,
    /// The SHA-256 of the token, in hexadecimal.
    pub sha256: String,
    pub rights: Vec<Right>,
    /// Names of databases, with `*` for any text in them.
    pub databases: Vec<String>,
    #[serde(with = "timestamp")]
    pub created: Timestamp,
    #[serde(default, with = "optional_timestamp", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(default, rename = "token")]
    tokens: Vec<StoredToken>,
}

mod timestamp {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

mod optional_timestamp {
    use jiff::Timestamp;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::timestamp::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        super::timestamp::deserialize(deserializer).map(Some)
    }
}

/// A new token that nobody can guess.
pub fn random_token() -> Result<String, String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system has no random numbers: {error}"))?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

impl StoredToken {
    /// Makes a token and returns it with its secret, which is kept nowhere.
    pub fn new(
        name: String,
        rights: Vec<Right>,
        databases: Vec<String>,
        expires: Option<Timestamp>,
    ) -> Result<(Self, String), String> {
        let secret = random_token()?;
        let token =
            Self { name, sha256: hex(&hash(&secret)), rights, databases, created: Timestamp::now(), expires };
        token.check()?;
        Ok((token, secret))
    }

    fn check(&self) -> Result<(), String> {
        let name = &self.name;
        if name.is_empty() || name.chars().any(char::is_control) || name.trim() != name {
            return Err(format!("{name:?} is no name of a token"));
        }
        if self.rights.is_empty() {
            return Err(format!("the token {name} has no rights; they are read, write, schema and admin"));
        }
        if self.databases.is_empty() || self.databases.iter().any(String::is_empty) {
            return Err(format!("the token {name} is for no database; give names, or * for all"));
        }
        self.hash().map(drop)
    }

    fn hash(&self) -> Result<TokenHash, String> {
        let wrong = || format!("the sha256 of the token {} is not 64 hexadecimal digits", self.name);
        let digits = self.sha256.as_bytes();
        let mut bytes = TokenHash::default();
        if digits.len() != bytes.len() * 2 {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(bytes)
    }

    pub(super) fn known(&self) -> KnownToken {
        let databases = self.databases.iter().map(DatabasePattern::new).collect();
        let grant = Grant::new(&self.name, self.rights.iter().copied().collect(), databases);
        // `parse` has checked the hash.
        KnownToken { hash: self.hash().unwrap_or_default(), grant: Arc::new(grant), expires: self.expires }
    }
}

/// Reads the text of a store.
pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<StoredToken>, String> {
    let wrong = |why: String| format!("the token store {} cannot be used: {why}", path.display());
    let Content { tokens } = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    for (index, token) in tokens.iter().enumerate() {
        token.check().map_err(wrong)?;
        if tokens[..index].iter().any(|other| other.name == token.name) {
            return Err(wrong(format!("it has the token {} twice", token.name)));
        }
    }
    Ok(tokens)
}

/// The file, for changing it.
#[derive(Debug)]
pub struct TokenStore {
    path: PathBuf,
}

impl TokenStore {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The tokens in it; none when there is no such file.
    pub fn tokens(&self) -> Result<Vec<StoredToken>, String> {
        match fs::read_to_string(&self.path) {
            Ok(text) => parse(&text, &self.path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(format!("the token store {} cannot be read: {error}", self.path.display())),
        }
    }

    /// Adds a token. Fails when there is one of its name.
    pub fn add(&self, token: StoredToken) -> Result<(), String> {
        self.change(|tokens| {
            if tokens.iter().any(|other| other.name == token.name) {
                return Err(format!(
                    "there is a token {} already; revoke it first, or choose another name",
                    token.name
                ));
            }
            tokens.push(token);
            Ok(())
        })
    }

    /// Removes the token of this name.
    pub fn remove(&self, name: &str) -> Result<(), String> {
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.name != name);
            if tokens.len() == before {
                return Err(format!("there is no token {name} in {}", self.path.display()));
            }
            Ok(())
        })
    }

    /// Changes the file as a whole: a server that reads it meanwhile sees it before or after. Only one change is made at a
    /// time, because the new file can be created once.
    fn change(&self, work: impl FnOnce(&mut Vec<StoredToken>) -> Result<(), String>) -> Result<(), String> {
        let new = NewFile::create(&self.path)?;
        let mut tokens = self.tokens()?;
        work(&mut tokens)?;
        let text = toml::to_string(&Content { tokens })
            .map_err(|error| format!("the token store cannot be written: {error}"))?;
        new.replace(&self.path, &format!("{HEAD}\n{text}"))
    }
}

/// The file that takes the place of the store. It is removed unless it did.
struct NewFile {
    path: PathBuf,
    file: Option<fs::File>,
}

impl NewFile {
    fn create(store: &Path) -> Result<Self, String> {
        let mut path = store.as_os_str().to_owned();
        path.push(".new");
        let path = PathBuf::from(path);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => Ok(Self { path, file: Some(file) }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(format!(
                "another `phantomdb token` changes the store now; if none does, remove {}",
                path.display()
            )),
            Err(error) => Err(format!("{} cannot be written: {error}", path.display())),
        }
    }

    fn replace(mut self, store: &Path, text: &str) -> Result<(), String> {
        let failed = |error| format!("the token store {} cannot be written: {error}", store.display());
        if let Some(file) = &mut self.file {
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        fs::rename(&self.path, store).map_err(failed)?;
        self.file = None;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // An error leaves the file, and the next change says which one to remove.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str) -> (StoredToken, String) {
        StoredToken::new(name.into(), vec![Right::Read], vec!["shop_*".into()], None).unwrap()
    }

    #[test]
    fn it_keeps_tokens_by_their_hashes() {
        let directory = tempfile::tempdir().unwrap();
        let store = TokenStore::new(directory.path().join("tokens.toml"));
        let ((one, secret), (two, other)) = (token("one"), token("two"));
        assert!(secret.len() > 50 && secret != other);
        store.add(one.clone()).unwrap();
        store.add(two.clone()).unwrap();
        assert!(store.add(token("one").0).unwrap_err().contains("already"));
        assert_eq!(store.tokens().unwrap(), [one.clone(), two]);
        assert_eq!(one.known().hash, hash(&secret));
        let text = fs::read_to_string(&store.path).unwrap();
        assert!(!text.contains(&secret) && !text.contains(PREFIX));
        store.remove("two").unwrap();
        assert!(store.remove("two").unwrap_err().contains("no token two"));
        assert_eq!(store.tokens().unwrap(), [one]);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn its_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let store = TokenStore::new(directory.path().join("tokens.toml"));
        store.add(token("one").0).unwrap();
        assert_eq!(fs::metadata(&store.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn it_refuses_what_it_does_not_know() {
        let path = Path::new("t.toml");
        let good = toml::to_string(&Content { tokens: vec![token("one").0] }).unwrap();
        assert!(parse(&good, path).is_ok());
        for (from, to) in [
            ("rights", "right"),
            ("\"read\"", "\"root\""),
            ("[\"read\"]", "[]"),
            ("[\"shop_*\"]", "[]"),
            ("sha256 = \"", "sha256 = \"0"),
            ("\"one\"", "\"\""),
        ] {
            assert!(parse(&good.replace(from, to), path).is_err(), "{from} {to}");
        }
        assert!(parse(&format!("{good}\n{good}"), path).unwrap_err().contains("twice"));
    }
}
