//! The macros that make the table of routes out of its rows, and from it the request of a call and the call of a request.

macro_rules! body_schema {
    (($($in_url:ident: $way:ident),*)) => {
        None
    };
    (($($in_url:ident: $way:ident),*; $field:ident: $body:ty)) => {
        Some(SchemaGenerator::subschema_for::<$body>)
    };
    (($($in_url:ident: $way:ident),*; $body:ident { $($field:ident),+ })) => {
        Some(SchemaGenerator::subschema_for::<$body>)
    };
}

macro_rules! answer_body {
    () => {
        AnswerBody::Empty
    };
    (Text) => {
        AnswerBody::Text
    };
    (File) => {
        AnswerBody::File
    };
    (Lines<$line:ty>) => {
        AnswerBody::Lines(SchemaGenerator::subschema_for::<$line>)
    };
    ($answer:ty) => {
        AnswerBody::Json(SchemaGenerator::subschema_for::<$answer>)
    };
}

macro_rules! needed_right {
    (nothing) => {
        None
    };
    (read) => {
        Some(Right::Read)
    };
    (write) => {
        Some(Right::Write)
    };
    (schema) => {
        Some(Right::Schema)
    };
    (admin) => {
        Some(Right::Admin)
    };
}

/// The URL and the body of a call, of which references to the fields are at hand.
macro_rules! write_fields {
    ($url:ident ($($in_url:ident: $way:ident),*)) => {
        ($url$(.$way($in_url))*, None)
    };
    ($url:ident ($($in_url:ident: $way:ident),*; $field:ident: $body:ty)) => {
        ($url$(.$way($in_url))*, Some(write_body::<$body>($field)?))
    };
    ($url:ident ($($in_url:ident: $way:ident),*; $body:ident { $($field:ident),+ })) => {
        ($url$(.$way($in_url))*, Some(write_body(&$body { $($field: $field.clone()),+ })?))
    };
}

/// Binds the fields of a call.
macro_rules! read_fields {
    ($request:ident ($($in_url:ident: $way:ident),*)) => {
        $(let $in_url = $request.$way()?;)*
    };
    ($request:ident ($($in_url:ident: $way:ident),*; $field:ident: $body:ty)) => {
        $(let $in_url = $request.$way()?;)*
        let $field = $request.body::<$body>()?;
    };
    ($request:ident ($($in_url:ident: $way:ident),*; $body:ident { $($field:ident),+ })) => {
        $(let $in_url = $request.$way()?;)*
        let $body { $($field),+ } = $request.body()?;
    };
}

macro_rules! routes {
    ($(
        $(call $call:ident $fields:tt)? $(server $server:ident)?
        $name:literal $method:ident $path:literal $([$($parameter:ident),+])?
        needs $right:tt takes $takes:tt answers($status:literal $($answer:tt)*) $summary:literal;
    )+) => {
        /// The place of each row in the table.
        #[derive(Clone, Copy)]
        enum Row {
            $($($call)? $($server)?,)+
        }

        /// The table of routes, in the order of the OpenAPI document.
        pub const ROUTES: &[Route] = &[$(
            Route {
                name: $name,
                summary: $summary,
                method: Method::$method,
                path: $path,
                parameters: &[$($(Parameter::$parameter),+)?],
                needs: needed_right!($right),
                body: body_schema!($takes),
                status: $status,
                answer: answer_body!($($answer)*),
                endpoint: $(Endpoint::Call(|request| {
                    read_fields!(request $takes);
                    request.finish(Call::$call $fields)
                }))? $(Endpoint::Server(ServerEndpoint::$server))?,
            },
        )+];

        impl Call {
            /// The row of this call.
            pub const fn route(&self) -> &'static Route {
                match self {
                    $($(Self::$call { .. } => &ROUTES[Row::$call as usize],)?)+
                }
            }

            /// The call as an HTTP request.
            pub fn to_request(&self) -> Result<HttpRequest> {
                let route = self.route();
                let url = UrlWriter::new(route.path);
                let (url, body) = match self {
                    $($(Self::$call $fields => write_fields!(url $takes),)?)+
                };
                Ok(HttpRequest { method: route.method, path: url.finish(), body })
            }
        }

        impl ServerEndpoint {
            /// The row of this endpoint.
            pub const fn route(self) -> &'static Route {
                match self {
                    $($(Self::$server => &ROUTES[Row::$server as usize],)?)+
                }
            }
        }
    };
}

pub(crate) use {answer_body, body_schema, needed_right, read_fields, routes, write_fields};
