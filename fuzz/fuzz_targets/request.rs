//! Requests of the contract: the first line is the index of the route, the second the parts of the path, the third the query,
//! the rest the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phantomdb_protocol::{Endpoint, ROUTES};

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (index, path, query, body) = (text(line()), text(line()), text(line()), line());
    let Some(route) = index.parse().ok().and_then(|index: usize| ROUTES.get(index)) else { return };
    let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    if let Endpoint::Call(read) = route.endpoint
        && segments.len() == route.segment_names().count()
        && let Ok(mut reader) = route.reader(segments, &query, body)
    {
        let _ = read(&mut reader);
    }
});
