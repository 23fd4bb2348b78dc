//! The console: a page with which a browser looks into the databases through the contract.
//!
//! `npm run build:console` makes its files, which a release build of this crate holds and a debug build reads from the
//! folder `console/dist`. The files are packed with gzip, which every browser reads, and have the hash of their content in
//! their names, except the page itself.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    extract::{Path, Request, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use phantomdb_protocol::{Error, ErrorCode};
use rust_embed::RustEmbed;

use super::{
    answer::{HttpError, JSON, respond},
    console_path::PATH,
    server::HttpServer,
    web_access::is_navigation,
};

const PAGE: &str = "index.html";

/// The page loads what it needs from the server and calls nobody else. Text out of a database that reached the page as HTML
/// could neither run nor load anything. Images and files of blobs are made in the page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Files;

pub(super) fn router() -> Router<Arc<HttpServer>> {
    Router::new()
        // Relative, for a proxy that serves the server under a path of its own.
        .route(PATH, get(|| async { Redirect::permanent("console/") }))
        .route(&format!("{PATH}/"), get(page))
        .route(&format!("{PATH}/contract.json"), get(contract))
        .route(&format!("{PATH}/{{file}}"), get(asset))
}

/// Leads a browser that opens the server itself to the console; none for every other request.
pub(super) fn welcome(server: &HttpServer, request: &Request) -> Option<Response> {
    let opens = server.options.console && request.uri().path() == "/" && is_navigation(request);
    opens.then(|| Redirect::to("console/").into_response())
}

async fn page(State(server): State<Arc<HttpServer>>, headers: HeaderMap) -> Result<Response, HttpError> {
    file(&server, &headers, PAGE, HeaderValue::from_static("no-cache"))
}

/// The tables of the contract: the console shows data types by the names that they have in Sequelize.
async fn contract(State(server): State<Arc<HttpServer>>) -> Result<Response, HttpError> {
    if !server.options.console {
        return Err(not_served());
    }
    Ok(respond(StatusCode::OK, JSON, phantomdb_protocol::contract().to_string()))
}

async fn asset(
    State(server): State<Arc<HttpServer>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    file(&server, &headers, &name, HeaderValue::from_static("public, max-age=31536000, immutable"))
}

fn file(
    server: &HttpServer,
    headers: &HeaderMap,
    name: &str,
    caching: HeaderValue,
) -> Result<Response, HttpError> {
    if !server.options.console {
        return Err(not_served());
    }
    let Some(file) = Files::get(&format!("{name}.gz")) else {
        return Err(missing(name));
    };
    let is_accepted = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(accepts_gzip);
    if !is_accepted {
        let message = "the console is sent packed: the request must have `Accept-Encoding: gzip`";
        let mut error = HttpError::new(ErrorCode::BadRequest, message);
        error.status = StatusCode::NOT_ACCEPTABLE;
        return Err(error);
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => axum::body::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut response = respond(StatusCode::OK, media_type(name)?, body);
    let map = response.headers_mut();
    map.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    map.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    map.insert(header::CACHE_CONTROL, caching);
    map.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    map.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    map.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    map.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    map.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    Ok(response)
}

fn not_served() -> HttpError {
    HttpError::new(ErrorCode::NotFound, "this server does not serve the console; start it with --console")
}

fn missing(name: &str) -> HttpError {
    if Files::get(&format!("{PAGE}.gz")).is_some() {
        return HttpError::new(ErrorCode::NotFound, format!("the console has no file {name}"));
    }
    let message = "this build of the server does not contain the console; build it with `npm run build:console`, then build \
                   the server again";
    HttpError::new(ErrorCode::NotFound, message)
}

fn media_type(name: &str) -> Result<HeaderValue, Error> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    match extension {
        Some("html") => Ok(HeaderValue::from_static("text/html; charset=utf-8")),
        Some("js") => Ok(HeaderValue::from_static("text/javascript; charset=utf-8")),
        Some("css") => Ok(HeaderValue::from_static("text/css; charset=utf-8")),
        Some("svg") => Ok(HeaderValue::from_static("image/svg+xml")),
        _ => Err(Error::internal("a file of the console has an unknown type")),
    }
}

/// True when a list of codings has gzip, and does not say that it is unwanted.
fn accepts_gzip(codings: &str) -> bool {
    codings.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let is_refused = parts.any(|part| {
            part.strip_prefix("q=")
                .is_some_and(|quality| quality.parse::<f32>().is_ok_and(|quality| quality <= 0.0))
        });
        is_gzip && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_which_codings_a_browser_takes() {
        for accepted in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.5", "*"] {
            assert!(accepts_gzip(accepted), "{accepted}");
        }
        for refused in ["", "br", "identity", "gzip;q=0", "gzip; q=0.000", "xgzip"] {
            assert!(!accepts_gzip(refused), "{refused}");
        }
    }
}
