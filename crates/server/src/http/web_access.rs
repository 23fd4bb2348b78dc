//! Keeps web pages away from the server, except those that it was told of.
//!
//! A browser sends requests to a server on the user's own computer for any page that asks, and a page can give its own name
//! the address of that computer (DNS rebinding). The name is then in `Host`. Browsers say where a request comes from in
//! `Origin` and `Sec-Fetch-Site`, which a page cannot change. Programs that are no browsers send neither.

use std::net::IpAddr;

use axum::{body::HttpBody as _, extract::Request};
use http::{HeaderMap, HeaderValue, StatusCode, header, uri::Authority};
use phantomdb_protocol::{ErrorCode, headers};

use super::{answer::HttpError, console_path::is_path};

const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// The values of `Sec-Fetch-Site` for a request that no other site asked for: the user typed the URL, or the page has the
/// server's own origin.
const OWN_SITES: [&str; 2] = ["none", "same-origin"];

/// The web pages that may call the server, and the names under which it may be called.
#[derive(Debug, Clone, Default)]
pub struct WebAccess {
    hosts: Hosts,
    origins: Vec<HeaderValue>,
    /// True when a page of the server itself may call: the console.
    own_pages: bool,
}

/// The names of the server in `Host`.
#[derive(Debug, Clone)]
enum Hosts {
    /// Any name. A page that gives its own name the address of the server has no token.
    Any,
    /// The names of the loopback interface, and these.
    LoopbackAnd(Vec<String>),
}

impl Default for Hosts {
    fn default() -> Self {
        Self::LoopbackAnd(Vec::new())
    }
}

impl WebAccess {
    /// Accepts any name in `Host`, as a server can whose callers all show a token.
    pub fn any_host() -> Self {
        Self { hosts: Hosts::Any, ..Self::default() }
    }

    /// Accepts the names of the loopback interface and these.
    pub fn hosts(names: impl IntoIterator<Item = String>) -> Self {
        Self { hosts: Hosts::LoopbackAnd(names.into_iter().collect()), ..Self::default() }
    }

    /// Lets the pages of these origins call, which [`origin`] has read.
    #[must_use]
    pub fn with_origins(mut self, origins: impl IntoIterator<Item = HeaderValue>) -> Self {
        self.origins.extend(origins);
        self
    }

    /// Lets the pages call that came from the server itself.
    #[must_use]
    pub fn with_own_pages(mut self) -> Self {
        self.own_pages = true;
        self
    }

    /// Refuses a request that a web page may have sent, unless the page is one of the allowed origins.
    pub(super) fn check(&self, request: &Request) -> Result<(), HttpError> {
        self.check_host(request)?;
        let map = request.headers();
        if self.own_pages && is_of_own_page(request) {
            return check_media_type(request);
        }
        if self.own_pages && is_path(request.uri().path()) && is_navigation(request) {
            return Ok(());
        }
        match self.origin_of(map)? {
            Some(_) => check_media_type(request),
            None => check_site(map),
        }
    }

    /// A request names the host in `Host`, in HTTP/2 in `:authority`, and to a proxy in its URL; it may do so in two ways. A
    /// request without a name does not come from a browser.
    fn check_host(&self, request: &Request) -> Result<(), HttpError> {
        let Hosts::LoopbackAnd(names) = &self.hosts else { return Ok(()) };
        let of_url = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let of_headers = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
        for host in of_url.into_iter().chain(of_headers) {
            if !is_named(host, names) {
                let message = format!(
                    "this server does not answer to the host name {}; allow it with --allow-host NAME, or call the server at \
                     localhost",
                    String::from_utf8_lossy(host)
                );
                return Err(HttpError::new(ErrorCode::Forbidden, message));
            }
        }
        Ok(())
    }

    /// The allowed origin that sent the request; none when it has no origin.
    fn origin_of(&self, map: &HeaderMap) -> Result<Option<&HeaderValue>, HttpError> {
        let mut sent = map.get_all(header::ORIGIN).iter();
        let Some(origin) = sent.next() else { return Ok(None) };
        match self.origins.iter().find(|allowed| *allowed == origin) {
            Some(allowed) if sent.next().is_none() => Ok(Some(allowed)),
            _ => {
                let message = format!(
                    "web pages of the origin {} may not call this server; allow it with --allow-origin ORIGIN",
                    String::from_utf8_lossy(origin.as_bytes())
                );
                Err(HttpError::new(ErrorCode::Forbidden, message))
            }
        }
    }

    /// True for the question of a browser whether a page of an allowed origin may send a request. It has no token.
    pub(super) fn is_preflight(&self, request: &Request) -> bool {
        request.method() == http::Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
            && matches!(self.origin_of(request.headers()), Ok(Some(_)))
    }

    /// The headers that let a page of an allowed origin read the answer to its request.
    pub(super) fn answer_headers(&self, request: &HeaderMap) -> CorsHeaders {
        CorsHeaders {
            varies: !self.origins.is_empty(),
            origin: self.origin_of(request).ok().flatten().cloned(),
        }
    }
}

/// The headers of an answer that are about the origin of its request.
pub(super) struct CorsHeaders {
    varies: bool,
    origin: Option<HeaderValue>,
}

impl CorsHeaders {
    /// A page sends its token itself, so cookies and the like (credentials) are not asked for.
    pub(super) fn add_to(self, map: &mut HeaderMap) {
        if self.varies {
            map.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = self.origin else { return };
        map.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = [
            headers::TRANSACTION.title,
            headers::SERVER.title,
            headers::POSITION.title,
            headers::REQUEST_ID.title,
            "Retry-After",
            "WWW-Authenticate",
        ];
        insert(map, header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.join(", "));
    }

    /// The answer to a preflight request.
    pub(super) fn preflight_answer() -> axum::response::Response {
        let mut response = axum::response::Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let map = response.headers_mut();
        insert(map, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE".to_owned());
        let own = headers::HEADERS.iter().filter(|header| **header != headers::FORWARDED);
        let names: Vec<&str> = ["Authorization", "Content-Type", "Accept"]
            .into_iter()
            .chain(own.map(|header| header.title))
            .collect();
        insert(map, header::ACCESS_CONTROL_ALLOW_HEADERS, names.join(", "));
        map.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        let asked = "Access-Control-Request-Method, Access-Control-Request-Headers";
        map.append(header::VARY, HeaderValue::from_static(asked));
        response
    }
}

fn insert(map: &mut HeaderMap, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::from_str(&value) {
        map.insert(name, value);
    }
}

/// True when the origin of a request is the host that the request is sent to, so that its page came from there. Pages of the
/// same name on other ports have other origins. A browser that has a secure connection, or one to this computer, also says
/// with `Sec-Fetch-Site` whether the scheme is the same.
fn is_of_own_page(request: &Request) -> bool {
    let map = request.headers();
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str().as_bytes()),
        None => map.get(header::HOST).map(HeaderValue::as_bytes),
    };
    let mut origins = map.get_all(header::ORIGIN).iter().map(HeaderValue::as_bytes);
    let (Some(origin), None, Some(host)) = (origins.next(), origins.next(), host) else { return false };
    let authority = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) && is_from_own_site(map)
}

/// True when the user opens a page, with a link of another site for example: the answer is shown as a page of its own, and
/// the other site sees nothing of it.
pub(super) fn is_navigation(request: &Request) -> bool {
    let is = |name: &str, value: &str| {
        request.headers().get(name).is_some_and(|sent| sent.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    request.method() == http::Method::GET
        && !request.headers().contains_key(header::ORIGIN)
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
}

fn is_from_own_site(map: &HeaderMap) -> bool {
    let own =
        |site: &HeaderValue| OWN_SITES.iter().any(|own| site.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    map.get_all(SEC_FETCH_SITE).iter().all(own)
}

/// Refuses a request of a page that has no `Origin`, such as that for an image.
fn check_site(map: &HeaderMap) -> Result<(), HttpError> {
    if is_from_own_site(map) {
        return Ok(());
    }
    let message = "another web site has sent this request, and this server answers to no other site; let the page use fetch(), \
                   and allow its origin with --allow-origin ORIGIN";
    Err(HttpError::new(ErrorCode::Forbidden, message))
}

/// Refuses the bodies that a page can send without asking first: forms and plain text.
fn check_media_type(request: &Request) -> Result<(), HttpError> {
    let is_json = |value: &HeaderValue| {
        let name = value.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(headers::JSON.as_bytes())
    };
    let mut types = request.headers().get_all(header::CONTENT_TYPE).iter().peekable();
    let is_named = types.peek().is_some();
    if types.all(is_json) && (is_named || request.body().is_end_stream()) {
        return Ok(());
    }
    let message = "a web page sends a body as `Content-Type: application/json`";
    let mut error = HttpError::new(ErrorCode::BadRequest, message);
    error.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(error)
}

/// True when a host, with or without a port, is a name of the loopback interface or one of these.
fn is_named(host: &[u8], names: &[String]) -> bool {
    let Ok(authority) = Authority::try_from(host) else { return false };
    let port_is_read = match authority.as_str().rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.is_empty() || authority.port_u16().is_some(),
        _ => true,
    };
    if authority.as_str().contains('@') || !port_is_read {
        return false;
    }
    let name = authority.host();
    is_loopback(name) || names.iter().any(|own| own.eq_ignore_ascii_case(without_dot(name)))
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn is_loopback(name: &str) -> bool {
    if without_dot(name).eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Reads a host name without a port, as it is given to `--allow-host`.
pub fn host_name(text: &str) -> Result<String, String> {
    let authority = Authority::try_from(text).ok().filter(|authority| {
        authority.host() == text && !text.contains('@') && authority.port().is_none() && !text.contains('*')
    });
    let name = authority.map(|authority| without_dot(authority.host()).to_ascii_lowercase());
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| "it is a host name without a port, like db.example.org".to_owned())
}

/// Reads an origin as a browser writes it: `https://app.example.org`, with a port if it is not the usual one.
pub fn origin(text: &str) -> Result<HeaderValue, String> {
    let wrong =
        || "it is written like https://app.example.org or http://localhost:3000, without a path".to_owned();
    if text.contains('*') || text == "null" {
        return Err(format!("{}; name each origin", wrong()));
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let canonical = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {
            let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
            let is_bare = url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none();
            if !is_bare {
                return Err(wrong());
            }
            url.origin().ascii_serialization()
        }
        // The pages of extensions and of programs with a built-in browser.
        scheme if !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']) => {
            format!("{scheme}://{rest}")
        }
        _ => return Err(wrong()),
    };
    HeaderValue::from_str(&canonical).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_the_names_of_the_loopback_interface_with_and_without_a_port() {
        let names = [String::from("db.example.org")];
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "localhost:",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:1",
            "db.example.org:443",
            "DB.example.org.",
        ] {
            assert!(is_named(host.as_bytes(), &names), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "user@localhost",
            "localhost@evil.example",
            "0.0.0.0:8080",
            "[::]",
            "192.168.0.1",
            "localhost:evil",
            "localhost:80:80",
            "localhost:99999",
            "x.db.example.org",
            "localhost, evil.example",
            "localhost/evil",
            "::1",
        ] {
            assert!(!is_named(host.as_bytes(), &names), "{host}");
        }
    }

    #[test]
    fn it_reads_origins_as_browsers_write_them() {
        for (text, read) in [
            ("https://app.example.org", "https://app.example.org"),
            ("HTTPS://App.Example.org:443/", "https://app.example.org"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("http://bücher.example", "http://xn--bcher-kva.example"),
        ] {
            assert_eq!(origin(text).unwrap(), read, "{text}");
        }
        for wrong in [
            "",
            "*",
            "null",
            "https://*.example.org",
            "example.org",
            "https://a/b",
            "https://a?b",
            "https://u:p@a",
            "https://",
            "tauri://a/b",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn it_reads_host_names_without_ports() {
        assert_eq!(host_name("DB.example.org."), Ok("db.example.org".to_owned()));
        assert_eq!(host_name("[::1]"), Ok("[::1]".to_owned()));
        for wrong in ["", "*", "*.example.org", "a:80", "http://a", "a/b", "u@a"] {
            assert!(host_name(wrong).is_err(), "{wrong}");
        }
    }
}
