//! W3C Trace Context: the caller's trace, which the request is part of.

use std::fmt;

use http::HeaderMap;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId};
use phantomdb_protocol::headers;

/// `traceparent` as the caller sent it: `00-TRACE-PARENT-FLAGS`.
pub(super) struct TraceParent(String);

impl TraceParent {
    const TRACE: std::ops::Range<usize> = 3..35;
    const PARENT: std::ops::Range<usize> = 36..52;
    const FLAGS: std::ops::Range<usize> = 53..55;
    const LENGTH: usize = 55;

    /// The header of the request. A malformed one counts as missing, as the standard says.
    pub(super) fn of(map: &HeaderMap) -> Option<Self> {
        Self::parse(map.get(headers::TRACEPARENT.name)?.to_str().ok()?)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_hex = |range: std::ops::Range<usize>| {
            bytes[range].iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let well_formed = bytes.len() >= Self::LENGTH
            && [2, 35, 52].iter().all(|&dash| bytes[dash] == b'-')
            && [0..2, Self::TRACE, Self::PARENT, Self::FLAGS].into_iter().all(is_hex)
            && !text.starts_with("ff")
            // Later versions may have more fields; version 00 has none.
            && (bytes.len() == Self::LENGTH || (!text.starts_with("00") && bytes[Self::LENGTH] == b'-'))
            && bytes[Self::TRACE].iter().any(|&byte| byte != b'0')
            && bytes[Self::PARENT].iter().any(|&byte| byte != b'0');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The span as another server, or another part of this one, has it as its parent.
    pub(super) fn of_span(span: &SpanContext) -> Self {
        let (trace, id, flags) = (span.trace_id(), span.span_id(), span.trace_flags());
        Self(format!("00-{trace:032x}-{id:016x}-{flags:02x}"))
    }

    /// The parent of a span. A `tracestate` that cannot be read is left out.
    pub(super) fn span_context(&self, state: Option<&str>, is_remote: bool) -> SpanContext {
        SpanContext::new(
            TraceId::from_hex(self.trace_id()).unwrap_or(TraceId::INVALID),
            SpanId::from_hex(self.parent_id()).unwrap_or(SpanId::INVALID),
            TraceFlags::new(u8::from_str_radix(&self.0[Self::FLAGS], 16).unwrap_or_default()),
            is_remote,
            state.filter(|state| has_keys(state)).and_then(|state| state.parse().ok()).unwrap_or_default(),
        )
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn trace_id(&self) -> &str {
        &self.0[Self::TRACE]
    }

    pub(super) fn parent_id(&self) -> &str {
        &self.0[Self::PARENT]
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// True when each entry of a `tracestate` has a key; the SDK does not look. The standard allows entries that are empty.
fn has_keys(state: &str) -> bool {
    let mut entries = state.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.all(|entry| !entry.starts_with('='))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(text: &str) -> Option<TraceParent> {
        let map = HeaderMap::from_iter([(
            http::HeaderName::from_static(headers::TRACEPARENT.name),
            HeaderValue::from_str(text).unwrap(),
        )]);
        TraceParent::of(&map)
    }

    #[test]
    fn a_span_context_is_the_header_again() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let span = of(text).unwrap().span_context(Some("a=1,b=2"), true);
        assert_eq!(TraceParent::of_span(&span).as_str(), text);
        assert!(span.is_sampled() && span.is_remote());
        assert_eq!(span.trace_state().header(), "a=1,b=2");
        for malformed in ["=", "a=1,=2", "a"] {
            let span = of(text).unwrap().span_context(Some(malformed), true);
            assert_eq!(span.trace_state().header(), "", "{malformed}");
        }
    }

    #[test]
    fn it_reads_a_trace_and_takes_a_malformed_one_as_missing() {
        let trace = of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.parent_id(), "00f067aa0ba902b7");
        assert!(of("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some());
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(of(wrong).is_none(), "{wrong}");
        }
    }
}
