//! The number of files and connections that the process may have open.

/// Assumed where the system does not say.
const DEFAULT: u64 = 1024;

/// Asks the system to let the process have this many files open, or as many as it may, and returns how many it may.
#[cfg(unix)]
pub(crate) fn raise(wanted: Option<u64>) -> u64 {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    /// Enough for any server; some systems give a number that they do not keep.
    const ENOUGH: u64 = 1 << 20;
    let Ok((current, maximum)) = getrlimit(Resource::RLIMIT_NOFILE) else { return DEFAULT };
    let most = maximum.min(ENOUGH);
    let target = wanted.map_or(most, |wanted| wanted.min(most));
    let current = current.min(ENOUGH);
    let is_set = target != current && setrlimit(Resource::RLIMIT_NOFILE, target, maximum).is_ok();
    if let Some(wanted) = wanted.filter(|wanted| *wanted > most) {
        tracing::warn!(wanted, most, "--open-files is more than the system lets the process have");
    }
    if is_set { target } else { current }
}

#[cfg(not(unix))]
pub(crate) fn raise(wanted: Option<u64>) -> u64 {
    wanted.unwrap_or(DEFAULT)
}

/// How many of these files connections and transactions may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileShares {
    pub(crate) connections: usize,
    pub(crate) transactions: usize,
}

impl FileShares {
    /// Half of the files is for connections. A transaction may use three: the file, its log and its index. The rest is for
    /// everything else.
    pub(crate) fn of(files: u64) -> Self {
        let files = usize::try_from(files.max(64)).unwrap_or(DEFAULT as usize);
        Self { connections: files / 2, transactions: files / 10 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_transactions_share_the_files() {
        assert_eq!(FileShares::of(1024), FileShares { connections: 512, transactions: 102 });
        assert!(FileShares::of(1).connections > 0);
    }

    #[cfg(unix)]
    #[test]
    fn it_asks_for_no_more_than_the_system_gives() {
        let now = raise(None);
        assert!(now > 0);
        assert_eq!(raise(Some(u64::MAX)), now);
    }
}
