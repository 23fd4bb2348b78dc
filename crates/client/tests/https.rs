//! The client against real servers over TLS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use phantomdb_testing::certificates;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use certificates::{Authority, Pair};
use phantomdb_client::{Client, ClientOptions, TlsOptions};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Statement, UnreachableReason};
use phantomdb_server::http::{HttpOptions, HttpServer, Listener, Peer, router};
use phantomdb_service::{Service, ServiceOptions};
use phantomdb_tls::Identity;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::net::TcpListener;

/// A server with such a certificate, or without one, and how it is reached without a scheme.
async fn server(pair: Option<&Pair>) -> SocketAddr {
    let service = Service::new(Arc::new(SqliteEngine::memory()), ServiceOptions::default());
    let calls = router(HttpServer::new(service, HttpOptions::default()));
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    let listener = match pair {
        None => Listener::plain(port),
        Some(pair) => {
            let directory = std::env::temp_dir().join(format!("phantomdb-https-{}", uuid::Uuid::new_v4()));
            let (certificate, key) = pair.write(&directory);
            let identity = Identity::load(&certificate, &key).unwrap();
            std::fs::remove_dir_all(&directory).unwrap();
            Listener::secured(port, identity.acceptor().unwrap())
        }
    };
    let calls = calls.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move { axum::serve(listener, calls).await });
    address
}

fn options(ca: &[String]) -> ClientOptions {
    ClientOptions { tls: Some(TlsOptions { ca: ca.to_vec() }), ..ClientOptions::default() }
}

async fn ask(client: &Client) -> Result<String, Error> {
    let statement = Statement { query: "SELECT 1 AS one".into(), parameters: vec![], ..Statement::default() };
    let call = Call::Query { database: "app".into(), statement };
    client.call(call, CallContext { read_only: true, ..CallContext::default() }).await
}

/// Why nothing is asked of a server, which is known at once and not tried again.
async fn refused(url: &str, options: ClientOptions) -> Error {
    let client = Client::new(url, options).unwrap();
    let (retries, begun) = (AtomicU32::new(0), Instant::now());
    let error = client.call_counted(Call::ListDatabases, CallContext::default(), &retries).await.unwrap_err();
    assert_eq!((error.code, retries.load(Ordering::Relaxed)), (ErrorCode::Unavailable, 0), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(error.message.contains(url), "{}", error.message);
    error
}

async fn insecure(address: SocketAddr, options: ClientOptions) -> String {
    let error = refused(&format!("https://{address}"), options).await;
    assert_eq!(error.details.reason, Some(UnreachableReason::Insecure), "{}", error.message);
    error.message
}

#[tokio::test]
async fn it_reaches_a_server_whose_authority_it_was_given_among_several() {
    let (authority, other) = (Authority::new("one"), Authority::new("two"));
    let address = server(Some(&authority.server(&["127.0.0.1", "localhost"]))).await;
    for (host, ca) in [
        (address.to_string(), vec![authority.pem()]),
        (format!("localhost:{}", address.port()), vec![authority.pem()]),
        (address.to_string(), vec![other.pem(), authority.pem()]),
        (address.to_string(), vec![other.pem() + &authority.pem()]),
    ] {
        let client = Client::new(&format!("https://{host}"), options(&ca)).unwrap();
        assert!(ask(&client).await.unwrap().contains("[[1]]"));
    }
}

#[tokio::test]
async fn it_says_at_once_what_is_wrong_with_a_certificate() {
    let (authority, other) = (Authority::new("one"), Authority::new("two"));
    let ca = || options(&[authority.pem()]);
    let good = server(Some(&authority.server(&["127.0.0.1"]))).await;
    for options in [options(&[other.pem()]), ClientOptions::default()] {
        let message = insecure(good, options).await;
        assert!(message.contains("signed by nobody who is trusted here"), "{message}");
        assert!(message.contains("tls: { ca }") && message.contains("NODE_EXTRA_CA_CERTS"), "{message}");
    }
    let named = server(Some(&authority.server(&["db.example"]))).await;
    let message = insecure(named, ca()).await;
    assert!(message.contains("for another name") && message.contains("db.example"), "{message}");
    let old = server(Some(&authority.expired(&["127.0.0.1"]))).await;
    let message = insecure(old, ca()).await;
    assert!(message.contains("has expired"), "{message}");
}

#[tokio::test]
async fn it_says_so_when_an_authority_shows_its_own_certificate() {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let pair = Pair { certificate: certificate.clone(), key: key.serialize_pem() };
    let message = insecure(server(Some(&pair)).await, options(&[certificate])).await;
    assert!(message.contains("CA:FALSE"), "{message}");
}

#[tokio::test]
async fn it_trusts_a_certificate_that_signed_itself_for_a_server() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let address = server(Some(&Pair { certificate: certificate.clone(), key: key.serialize_pem() })).await;
    let client = Client::new(&format!("https://{address}"), options(&[certificate])).unwrap();
    assert!(ask(&client).await.is_ok());
}

#[tokio::test]
async fn it_says_so_when_one_side_speaks_tls_and_the_other_does_not() {
    let authority = Authority::new("one");
    let plain = server(None).await;
    let message = insecure(plain, options(&[authority.pem()])).await;
    assert!(message.contains("it does not speak TLS") && message.contains("http://"), "{message}");
    let secured = server(Some(&authority.server(&["127.0.0.1"]))).await;
    let error = refused(&format!("http://{secured}"), ClientOptions::default()).await;
    assert_eq!(error.details.reason, Some(UnreachableReason::InvalidUrl));
    assert!(error.message.contains("https://"), "{}", error.message);
}

#[test]
fn it_refuses_what_is_no_certificate_by_the_name_of_the_option() {
    let wrong = |url: &str, ca: &str| {
        let error = Client::new(url, options(&[ca.to_owned()])).err().unwrap();
        assert_eq!(error.code, ErrorCode::BadRequest);
        assert!(error.message.starts_with("the option tls"), "{}", error.message);
        error.message
    };
    let key = KeyPair::generate().unwrap().serialize_pem();
    for (ca, why) in [
        ("", "holds no certificate"),
        (&*key, "holds no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", "not well-formed PEM"),
    ] {
        let message = wrong("https://localhost", ca);
        assert!(message.contains(why), "{message}");
    }
    let good = Authority::new("one").pem();
    for url in ["http://localhost:8080", "memory:", "file:./data"] {
        assert!(wrong(url, &good).contains("https://"), "{url}");
    }
}
