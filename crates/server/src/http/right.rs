//! The check of the right that a route needs, in one place for all routes.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use phantomdb_protocol::{Endpoint, Error, Route};

use super::{
    answer::HttpError,
    extract::{Caller, Segments},
};

/// Refuses a caller who lacks the right of the route, or whose token is not for the database in the path. It looks at no
/// body, so such a caller need not send one.
pub(super) async fn check(
    State(route): State<&'static Route>,
    Segments(segments): Segments,
    request: Request,
    next: Next,
) -> Result<Response, HttpError> {
    if let Some(right) = route.needs {
        let caller: Option<&Caller> = request.extensions().get();
        let caller = caller.ok_or_else(|| Error::internal("the request has not passed the guard"))?;
        let names_database = route.segment_names().next() == Some("db");
        let database = segments.first().filter(|_| names_database).map(String::as_str);
        caller.grant.check(right, database)?;
        // A call reads its parameters by itself. Probes, which need no right, may send what they like.
        if let (Endpoint::Server(_), Some(query)) = (&route.endpoint, request.uri().query()) {
            route.check_parameters(query)?;
        }
    }
    Ok(next.run(request).await)
}
