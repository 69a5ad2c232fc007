//! JSON Web Tokens: which are accepted, the file of keys, and connections that live and end with them.

mod connections;
mod forged;
mod keys;
mod program;

use muxwire::auth::{AttemptLimits, AuthError, AuthSettings, Authenticator, Jwt};

/// An authenticator for these JWTs and no tokens. Nobody fails too often.
fn authenticator(jwt: Jwt) -> Authenticator {
    let attempts = AttemptLimits {
        failures: 10_000,
        ..AttemptLimits::default()
    };
    let settings = AuthSettings {
        attempts,
        jwt: Some(jwt),
        ..AuthSettings::default()
    };
    Authenticator::new(Vec::new(), settings).unwrap()
}

/// What a text comes to: the name of the one that it lets in, or the reason for the log.
async fn judge(authenticator: &Authenticator, text: &str) -> Result<String, &'static str> {
    let verdict = authenticator.verify(text, None).await;
    let named = verdict.map(|principal| principal.name().to_owned());
    named.map_err(|error: AuthError| error.reason())
}
