//! The rules for the usual forms of keys.
//!
//! Most name what they look for by the letters that such keys begin with, which say who gave the key and are no secret.
//! Where the length of a key is fixed, longer ones are hidden too: what a person mistypes and corrects is no shorter.

/// A rule that is there without being asked for.
#[derive(Debug, Clone, Copy)]
pub struct Usual {
    /// What it hides.
    pub name: &'static str,
    /// The regular expression.
    pub rule: &'static str,
}

const fn hides(name: &'static str, rule: &'static str) -> Usual {
    Usual { name, rule }
}

/// All of them.
pub const DEFAULTS: &[Usual] = &[
    hides(
        "AWS access key ids",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)(?<secret>[A-Z0-9]{16,})",
    ),
    hides(
        "AWS secret keys",
        r#"(?i)aws_?(?:secret|session)_?(?:access_?)?(?:key|token)["']?[ \t]*[:=][ \t]*["']?(?<secret>[A-Za-z0-9/+=]{16,})"#,
    ),
    hides("GitHub tokens", r"\bgh[pousr]_(?<secret>[A-Za-z0-9_]{20,})"),
    hides(
        "GitHub fine-grained tokens",
        r"\bgithub_pat_(?<secret>[A-Za-z0-9_]{20,})",
    ),
    hides(
        "GitLab tokens",
        r"\bgl(?:pat|oas|dt|rt|ptt|ft|imt|agent|soat|ffct|cbt)-(?<secret>[A-Za-z0-9_.-]{20,})",
    ),
    hides("Slack tokens", r"\bxox[a-z]-(?<secret>[A-Za-z0-9-]{10,})"),
    hides("Slack app tokens", r"\bxapp-(?<secret>[A-Za-z0-9-]{10,})"),
    hides(
        "Slack webhooks",
        r"hooks\.slack\.com/(?:services|workflows)/(?<secret>[A-Za-z0-9/_-]{20,})",
    ),
    hides(
        "Stripe keys",
        r"\b[srp]k_(?:live|test)_(?<secret>[A-Za-z0-9]{10,})",
    ),
    hides(
        "Stripe webhook secrets",
        r"\bwhsec_(?<secret>[A-Za-z0-9+/=]{16,})",
    ),
    hides(
        "OpenAI and Anthropic keys",
        r"\bsk-(?<secret>[A-Za-z0-9_-]{20,})",
    ),
    hides("Google keys", r"\bAIza(?<secret>[A-Za-z0-9_-]{35,})"),
    hides(
        "Google OAuth tokens",
        r"\bya29\.(?<secret>[A-Za-z0-9_-]{20,})",
    ),
    hides("npm tokens", r"\bnpm_(?<secret>[A-Za-z0-9]{30,})"),
    hides("PyPI tokens", r"\bpypi-(?<secret>[A-Za-z0-9_-]{50,})"),
    hides("Hugging Face tokens", r"\bhf_(?<secret>[A-Za-z0-9]{30,})"),
    hides(
        "muxwire tokens",
        r"\bmw_(?<secret>[a-z0-9]{8}_[a-z0-9]{40,}(?:_[a-z0-9]*)?)",
    ),
    hides(
        "JSON Web Tokens",
        r"\beyJ(?<secret>[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3})",
    ),
    hides(
        "private keys",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?<secret>(?:[A-Za-z0-9+/=:,. \t\r\n]|-[A-Za-z0-9]|\\[nr])+)",
    ),
    hides(
        "authorization headers",
        r#"(?i)\bauthorization["']?[ \t]*[:=][ \t]*["']?(?:bearer|basic|token|apikey)[ \t]+(?<secret>[^\s"',;]{4,})"#,
    ),
    hides(
        "bearer tokens",
        r"(?i)\bbearer[ \t]+(?<secret>[A-Za-z0-9._~+/=-]{16,})",
    ),
    hides(
        "passwords in addresses",
        r"://[^\s/:@]*:(?<secret>[^\s/@]+@)",
    ),
    hides(
        "what is called a password, a secret or a token",
        r#"(?i)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret)["']?[ \t]*[:=][ \t]*["']?(?<secret>[^\s"'*&;,]+)"#,
    ),
];
