//! A real server on a real socket, and a caller that shows what it answers.
#![allow(dead_code, reason = "each test file uses its own part")]

#[cfg(unix)]
pub(crate) mod process;

use std::{net::SocketAddr, sync::Arc};

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use phantomdb_engine::Engine;
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_server::http::{HttpOptions, HttpServer, router};
use phantomdb_service::{Service, ServiceOptions};
use serde_json::{Value as Json, json};

use phantomdb_testing::namespace::Namespace;

pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    token: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text))
    }

    /// The code of an error, after a look at what every error must have.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(json["requestId"].as_str(), self.headers["x-request-id"].to_str().ok());
        assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        json["code"].as_str().unwrap_or_else(|| panic!("no error: {json}")).to_owned()
    }

    #[track_caller]
    pub(crate) fn refused_with(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code().as_str()), (status, code), "{}", self.text);
    }

    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Json {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Json::Null } else { self.json() }
    }
}

impl Caller {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http(), token: None }
    }

    pub(crate) fn http2(address: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        Self { address, client, token: None }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { address: self.address, client: self.client.clone(), token: Some(token.into()) }
    }

    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let (parts, body) = self.begun(method, path, headers, body).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            // A backup is no text.
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// The answer as soon as it begins.
    pub(crate) async fn begun(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response<Body> {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.client.request(request.body(Full::from(body)).unwrap()).await.unwrap().map(Body::new)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.raw("GET", path, &[], vec![]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.raw("DELETE", path, &[], vec![]).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Json) -> Answer {
        self.send_with(method, path, &[], body).await
    }

    pub(crate) async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Json,
    ) -> Answer {
        self.raw(method, path, headers, body.to_string().into_bytes()).await
    }

    pub(crate) async fn query(&self, sql: &str) -> Answer {
        self.send("POST", "/databases/app/query", json!({ "query": sql })).await
    }

    /// A statement inside a transaction.
    pub(crate) async fn query_in(&self, id: &str, sql: &str) -> Answer {
        let headers = [("phantomdb-transaction", id)];
        self.send_with("POST", "/databases/app/query", &headers, json!({ "query": sql })).await
    }

    pub(crate) async fn begin(&self, options: Json) -> String {
        let mut body = json!({ "database": "app" });
        body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let answer = self.send("POST", "/transactions", body).await.ok(201);
        answer["transaction_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn commit(&self, id: &str) -> Answer {
        self.send("POST", &format!("/transactions/{id}/commit"), Json::Null).await
    }

    pub(crate) async fn rollback(&self, id: &str) -> Answer {
        self.send("POST", &format!("/transactions/{id}/rollback"), Json::Null).await
    }

    /// The database `app` with the table `users`, and John and Jane in it.
    pub(crate) async fn with_users(self) -> Self {
        self.send("POST", "/databases", json!({ "name": "app" })).await.ok(201);
        let table = json!({ "name": "users", "columns": [
            { "name": "id", "type": "INTEGER", "primaryKey": true, "autoIncrement": true, "allowNull": false },
            { "name": "firstName", "type": "VARCHAR(50)", "allowNull": false },
            { "name": "age", "type": "INTEGER", "default": "18" },
            { "name": "email", "type": "TEXT", "unique": true },
        ] });
        self.send("POST", "/databases/app/tables", table).await.ok(201);
        let rows = json!({ "rows": [
            { "firstName": "John", "age": 30, "email": "john@example.org" },
            { "firstName": "Jane", "age": 20, "email": "jane@example.org" },
        ] });
        self.send("POST", "/databases/app/tables/users/rows", rows).await.ok(201);
        self
    }

    pub(crate) async fn count(&self) -> u64 {
        let answer = self.query(r#"SELECT count(*) AS "n" FROM "users""#).await.ok(200);
        answer["rows"][0][0].as_u64().unwrap()
    }
}

/// A server over each engine, one after the other. A test that fails shows the name of the last one.
pub(crate) async fn each_server() -> impl Iterator<Item = Caller> {
    each_server_with(HttpOptions::default()).await.map(|(caller, _)| caller)
}

/// The same, with what stops each.
pub(crate) async fn each_server_with(
    options: HttpOptions,
) -> impl Iterator<Item = (Caller, Arc<HttpServer>)> {
    let memory = serve(Arc::new(SqliteEngine::memory()), ServiceOptions::default(), options.clone()).await;
    let postgres = serve(Arc::new(Namespace::new()), ServiceOptions::default(), options).await;
    [("memory", memory), ("PostgreSQL", postgres)].into_iter().map(|(name, server)| {
        println!("on {name}");
        server
    })
}

pub(crate) async fn server_with(service: ServiceOptions, http: HttpOptions) -> Caller {
    serve(Arc::new(SqliteEngine::memory()), service, http).await.0
}

pub(crate) async fn serve(
    engine: Arc<dyn Engine>,
    service: ServiceOptions,
    http: HttpOptions,
) -> (Caller, Arc<HttpServer>) {
    let server = HttpServer::new(Service::new(engine, service), http);
    let router = router(Arc::clone(&server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Caller::new(address), server)
}

pub(crate) async fn server() -> Caller {
    server_with(ServiceOptions::default(), HttpOptions::default()).await
}
