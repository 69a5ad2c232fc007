//! The rules of a route of the HTTP server: who may ask, what a request may take up, what the audit log gets, and what
//! browsers may do with the answer.
//!
//! Rules are data. What goes by them stands in [`super::http`], [`super::credential`] and [`super::cors`], once for all
//! routes. Two rules are the same everywhere: `Host` names this server, and no address holds a credential.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};

use super::refused::Refused;
use crate::auth::AuthError;

/// What holds for a route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The pages that may ask.
    pub(super) origins: Origins,
    pub(super) credential: Credential,
    /// What pages of other origins may do that may ask; without it, they can't read the answer.
    pub(super) cors: Option<Cors>,
    pub(super) limits: Limits,
    pub(super) audit: Audit,
    /// Whether a refusal is told as problem details (RFC 9457), and not as a sentence.
    pub(super) problems: bool,
    /// What browsers may do with an answer that says nothing else.
    pub(super) security: Security,
}

/// The pages that may ask. What sends no `Origin` is no page of another origin, and may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origins {
    /// The server's own.
    Own,
    /// Those of `security.allowed_origins` besides.
    OwnAndListed,
}

/// Whether a token is needed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Credential {
    /// None is looked at.
    Unused,
    /// The session asks for it: it comes with the handshake or as a message.
    InSession,
    /// One in `Authorization: Bearer` is checked before the handler runs, which gets the principal.
    Bearer(Bearer),
}

/// What is answered where a token is missing or isn't accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bearer {
    /// The refusal without one; without a refusal, the request goes on without a principal.
    pub(super) missing: Option<&'static Refused>,
    /// The refusal of one that isn't accepted.
    pub(super) invalid: fn(&AuthError) -> Refused,
}

/// What a preflight is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cors {
    pub(super) methods: &'static str,
    pub(super) headers: &'static str,
}

/// Bounds of a request, besides those of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The largest body, in bytes. Only a POST may have one at all.
    pub(super) body_bytes: u64,
    pub(super) counts: Counts,
}

/// What a request counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// Nothing: its connection is counted for its address when it is accepted.
    Connection,
    /// A client: it takes one of `max_connections`, and a connection of the address behind the proxy, if there is one.
    Client,
}

/// What the audit log gets. A request that is refused is always a line `client.refused` with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audit {
    /// No more than that: a token that isn't accepted is a refusal like others.
    Refusals,
    /// A token that isn't accepted is a line `auth.failed`, and no refusal.
    FailedTokens,
}

/// What browsers may do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Security {
    /// The `Content-Security-Policy`. Where it has `{nonce}`, `{sockets}` and `{ancestors}`, [`PolicyNames`] are put.
    pub(super) content_security_policy: &'static str,
    /// The `Cache-Control`.
    pub(super) cache_control: &'static str,
}

/// What a `Content-Security-Policy` names that is another one from answer to answer. An answer carries them as an extension.
#[derive(Debug, Clone)]
pub(super) struct PolicyNames {
    /// Allows what the page itself creates, such as style sheets.
    pub(super) nonce: String,
    /// The pages that may frame this one.
    pub(super) ancestors: String,
    /// The server's own WebSockets: not every browser takes `'self'` for them.
    pub(super) sockets: String,
}

impl Rules {
    /// What holds where a route says nothing else.
    pub(super) const DEFAULT: Self = Self {
        origins: Origins::OwnAndListed,
        credential: Credential::Unused,
        cors: None,
        limits: Limits {
            body_bytes: 64 << 10,
            counts: Counts::Connection,
        },
        audit: Audit::Refusals,
        problems: false,
        security: Security::NO_PAGE,
    };
}

impl Security {
    /// The answer is no page: no browser is to take it for one, to keep it, or to give it to others.
    pub(super) const NO_PAGE: Self = Self {
        content_security_policy: "default-src 'none'; frame-ancestors 'none'",
        cache_control: "no-store",
    };

    /// A page without scripts, whose styles come from here. It is asked for anew each time, and sent when it has changed.
    pub(super) const PAGE: Self = Self {
        content_security_policy: "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                                  frame-ancestors 'none'",
        cache_control: "no-cache",
    };

    /// A page that is a program: its scripts and styles come from here, no script stands in it, it can speak to nothing but this
    /// server, and no text becomes markup.
    pub(super) const PROGRAM: Self = Self {
        content_security_policy: "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
                                  img-src 'self'; connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; \
                                  frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        cache_control: "no-cache",
    };

    /// The dashboard: the same, and it shows images that it makes itself, works without a connection, and makes one kind of text
    /// the address of a program of its own.
    pub(super) const DASHBOARD: Self = Self {
        content_security_policy: "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
                                  img-src 'self' data: blob:; worker-src 'self'; manifest-src 'self'; \
                                  connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; \
                                  frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types muxwire",
        ..Self::PROGRAM
    };

    /// The same for the page with one terminal, which those pages may frame that are listed.
    pub(super) const TERMINAL: Self = Self {
        content_security_policy: "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
                                  img-src 'self' data: blob:; worker-src 'self'; manifest-src 'self'; \
                                  connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; \
                                  frame-ancestors {ancestors}; require-trusted-types-for 'script'; trusted-types muxwire",
        ..Self::DASHBOARD
    };

    /// What a page loads, under a name that no other content ever has.
    pub(super) const IMMUTABLE: Self = Self {
        cache_control: "public, max-age=31536000, immutable",
        ..Self::NO_PAGE
    };

    /// What is asked for at a fixed address to keep a page as an app: asked for anew each time, and sent when it has changed. A worker
    /// can speak to nobody, and shows images of this server alone.
    pub(super) const INSTALLED: Self = Self {
        content_security_policy: "default-src 'none'; img-src 'self'; frame-ancestors 'none'",
        cache_control: "no-cache",
    };

    /// Puts the headers on an answer. A policy with names that the answer doesn't carry is left out: then the page is there
    /// already, with the policy that it came with.
    pub(super) fn apply(self, headers: &mut HeaderMap, names: Option<&PolicyNames>) {
        let rows = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CACHE_CONTROL, self.cache_control),
            (REFERRER_POLICY, "no-referrer"),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                "same-origin",
            ),
        ];
        for (name, value) in rows {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(policy) = self.policy(names) {
            // For browsers that know nothing of the policy's own word for it. It can't name single pages.
            let text = policy.to_str().unwrap_or_default();
            if text.contains("frame-ancestors 'none'") {
                headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
            }
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
    }

    fn policy(self, names: Option<&PolicyNames>) -> Option<HeaderValue> {
        let policy = self.content_security_policy;
        if !policy.contains('{') {
            return Some(HeaderValue::from_static(policy));
        }
        let PolicyNames {
            nonce,
            sockets,
            ancestors,
        } = names?;
        let policy = policy
            .replace("{nonce}", nonce)
            .replace("{ancestors}", ancestors)
            .replace("{sockets}", sockets);
        HeaderValue::from_str(&policy).ok()
    }
}
