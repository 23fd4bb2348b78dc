//! The reasons why a server could not be reached.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes the enum and everything that depends on the reason alone, so that each reason has one row.
macro_rules! unreachable_reasons {
    ($($(#[$doc:meta])* $reason:ident => $class:ident),+ $(,)?) => {
        /// Why a server could not be reached, or is about to be out of reach.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum UnreachableReason {
            $($(#[$doc])* $reason,)+
        }

        impl UnreachableReason {
            /// Every reason, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$reason),+];

            /// The name of the class that a Sequelize application gets for it.
            pub const fn sequelize_class(self) -> &'static str {
                match self {
                    $(Self::$reason => stringify!($class),)+
                }
            }
        }
    };
}

unreachable_reasons! {
    /// Nobody listens at the address.
    Refused => ConnectionRefusedError,
    /// The name of the host has no address.
    HostNotFound => HostNotFoundError,
    /// There is no route to the address.
    HostUnreachable => HostNotReachableError,
    /// Connecting, or the answer, took longer than allowed.
    TimedOut => ConnectionTimedOutError,
    /// The URL cannot be used, or says `http` where only HTTPS is spoken.
    InvalidUrl => InvalidConnectionError,
    /// No secure connection can be made: the certificate is not trusted, for example.
    Insecure => ConnectionError,
    /// The server is about to stop.
    Stopping => ConnectionError,
    /// The connection broke before the answer, or the client was closed.
    Closed => ConnectionError,
}
