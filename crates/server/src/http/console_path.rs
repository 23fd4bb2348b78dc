//! Where the console is.

pub(crate) const PATH: &str = "/console";

/// True for the paths below which nothing but the console is.
pub(crate) fn is_path(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_its_paths() {
        assert!(is_path("/console") && is_path("/console/") && is_path("/console/a.js"));
        assert!(!is_path("/consoles") && !is_path("/databases/console") && !is_path("/"));
    }
}
