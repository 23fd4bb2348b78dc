//! Imports from a PostgreSQL server over TLS; what is imported is looked at beside the other engines' tests.

use crate::support::Place;
use phantomdb_testing::{
    Directory,
    certificates::Authority,
    postgres::{postgres_url, start_with_tls_only},
};

#[test]
fn it_checks_the_certificate_of_the_source_as_sslmode_says() {
    let (authority, directory) = (Authority::new("one"), Directory::new());
    let (certificate, key) = authority.server(&["localhost"]).write(&directory.0);

    let server = start_with_tls_only(&certificate, &key);
    let root = |name: &str, authority: &Authority| {
        let path = directory.0.join(name);
        std::fs::write(&path, authority.pem()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (right, wrong) = (root("right.pem", &authority), root("wrong.pem", &Authority::new("two")));
    let by_name = server.url.replace("127.0.0.1", "localhost");
    let import = |url: &str, query: &str| Place::new().import(&format!("{url}?{query}"), &[]);
    import(&by_name, &format!("sslmode=verify-full&sslrootcert={right}")).succeeds();
    import(&server.url, "sslmode=require").succeeds();
    import(&server.url, "").succeeds();
    let full = |url: &str, root: &str| import(url, &format!("sslmode=verify-full&sslrootcert={root}"));
    full(&by_name, &wrong).fails_with("its certificate is signed by nobody who is trusted here");
    full(&server.url, &right).fails_with("its certificate is for another name");
    import(&server.url, "sslmode=disable").fails_with("does not let this user in without TLS");
    import(postgres_url(), "sslmode=require").fails_with("it offers no TLS");
    full(&by_name, "/nowhere/root.pem").fails_with("the sslrootcert /nowhere/root.pem cannot be read");
}
