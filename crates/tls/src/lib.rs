//! TLS: the certificate that a server shows, the certificates that are trusted, and messages for what went wrong.

mod identity;
mod pem;
mod problem;
mod provider;
mod trust;

pub use identity::Identity;
pub use problem::Problem;
pub use provider::provider;
pub use trust::{Trust, client_config};
