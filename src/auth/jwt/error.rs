//! Why a text is not accepted as a JWT.

/// Why a text is not accepted as a JWT. For logs and counters: clients get the same answer for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtError {
    /// Longer than any that is looked at.
    TooLong,
    /// It is not three parts of base64url, of which two are JSON objects without repeated members.
    Malformed,
    /// Its header asks for something that is not done: an extension, another kind of token, or a key of its own.
    Header,
    /// Its header names no key that is in force.
    Key,
    /// Its algorithm is not the one of its key.
    Algorithm,
    /// The signature is not one of the key.
    Signature,
    /// It is of another issuer.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It has no time at which it ends.
    NoExpiry,
    /// It has ended.
    Expired,
    /// It does not count yet.
    Early,
    /// It does not say whom it is about.
    Subject,
    /// It gives no permission.
    Permissions,
    /// It names no session, or confines an admin to some.
    Sessions,
}

impl JwtError {
    /// A word for logs and counters.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "jwt_too_long",
            Self::Malformed => "jwt_malformed",
            Self::Header => "jwt_header",
            Self::Key => "jwt_unknown_key",
            Self::Algorithm => "jwt_algorithm",
            Self::Signature => "jwt_signature",
            Self::Issuer => "jwt_issuer",
            Self::Audience => "jwt_audience",
            Self::NoExpiry => "jwt_no_expiry",
            Self::Expired => "jwt_expired",
            Self::Early => "jwt_early",
            Self::Subject => "jwt_subject",
            Self::Permissions => "jwt_permissions",
            Self::Sessions => "jwt_sessions",
        }
    }
}
