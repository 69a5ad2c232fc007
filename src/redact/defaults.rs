//! The rules for the usual forms of keys.
//!
//! Most name what they look for by the letters that such keys begin with, which say who gave the key and are no secret.
//! Where the length of a key is fixed, longer ones are hidden too: what a person mistypes and corrects is no shorter.
//!
//! A key may stand right behind a letter, a digit or an underscore: a program joins it to a word, or shows the line break
//! before it as `\n`. Letters that end no word begin a key wherever they stand. Those that do (`sk-` ends `task-`, `ghs_`
//! ends `highs_`) begin one within a word only if what follows has the form of a whole key.

/// What is there without being asked for.
#[derive(Debug, Clone, Copy)]
pub struct Usual {
    /// What it hides.
    pub name: &'static str,
    /// The regular expressions, of which each hides something by itself.
    pub rules: &'static [&'static str],
}

const fn hides(name: &'static str, rules: &'static [&'static str]) -> Usual {
    Usual { name, rules }
}

/// A rule for what stands behind a name and a sign, in one way of quoting: the quote, and the value to its end.
macro_rules! named {
    ($quote:literal, $value:literal) => {
        concat!(
            r"(?i)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret)",
            r#"(?:\\*["'`])?[ \t]*(?::=|=>|={1,3}|:|%3[ad])"#,
            $quote,
            "(?<secret>",
            $value,
            ")"
        )
    };
}

/// All of them.
pub const DEFAULTS: &[Usual] = &[
    hides(
        "AWS access key ids",
        &[r"(?:AKIA|ASIA|ABIA|ACCA)(?<secret>[A-Z0-9]{16,})"],
    ),
    hides(
        "AWS secret keys",
        &[
            r#"(?i)aws_?(?:secret|session)_?(?:access_?)?(?:key|token)(?:\\*["'`])?[ \t]*(?::=|=>|[:=]|%3[ad])[ \t]*(?:\$?\\*["'`])?(?<secret>[A-Za-z0-9/+=]{16,})"#,
        ],
    ),
    hides(
        "GitHub tokens",
        &[
            r"(?:ghp|\bgh[ousr])_(?<secret>[A-Za-z0-9_]{20,})",
            r"[A-Za-z0-9_]gh[ousr]_(?<secret>[A-Za-z0-9]{20,})",
        ],
    ),
    hides(
        "GitHub fine-grained tokens",
        &[r"github_pat_(?<secret>[A-Za-z0-9_]{20,})"],
    ),
    hides(
        "GitLab tokens",
        &[r"gl(?:pat|oas|dt|rt|ptt|ft|imt|agent|soat|ffct|cbt)-(?<secret>[A-Za-z0-9_.-]{20,})"],
    ),
    hides("Slack tokens", &[r"xox[a-z]-(?<secret>[A-Za-z0-9-]{10,})"]),
    hides(
        "Slack app tokens",
        &[
            r"\bxapp-(?<secret>[A-Za-z0-9-]{10,})",
            r"[A-Za-z0-9_]xapp-(?<secret>[0-9]-[A-Za-z0-9-]{10,})",
        ],
    ),
    hides(
        "Slack webhooks",
        &[r"hooks\.slack\.com\\*/(?:services|workflows)\\*/(?<secret>(?:[A-Za-z0-9_-]|\\*/){20,})"],
    ),
    hides(
        "Stripe keys",
        &[
            r"\b[srp]k_(?:live|test)_(?<secret>[A-Za-z0-9]{10,})",
            r"[A-Za-z0-9_][srp]k_(?:live|test)_(?<secret>[A-Za-z0-9]{20,})",
        ],
    ),
    hides(
        "Stripe webhook secrets",
        &[r"whsec_(?<secret>[A-Za-z0-9+/=]{16,})"],
    ),
    hides(
        "OpenAI and Anthropic keys",
        &[
            // All words that end so have a vowel before: task, disk, desk, husk, kiosk.
            r"(?:\b|[^AEIOUaeiou])sk-(?<secret>[A-Za-z0-9_-]{20,})",
            r"[AEIOUaeiou]sk-(?:ant|proj|svcacct|admin|or)-(?<secret>[A-Za-z0-9_-]{20,})",
            r"[AEIOUaeiou]sk-(?<secret>[A-Za-z0-9]{44,})",
        ],
    ),
    hides("Google keys", &[r"AIza(?<secret>[A-Za-z0-9_-]{35,})"]),
    hides(
        "Google OAuth tokens",
        &[r"ya29\.(?<secret>[A-Za-z0-9_-]{20,})"],
    ),
    hides("npm tokens", &[r"npm_(?<secret>[A-Za-z0-9]{30,})"]),
    hides("PyPI tokens", &[r"pypi-(?<secret>[A-Za-z0-9_-]{50,})"]),
    hides("Hugging Face tokens", &[r"hf_(?<secret>[A-Za-z0-9]{30,})"]),
    hides(
        "muxwire tokens",
        &[r"mw_(?<secret>[a-z0-9]{8}_[a-z0-9]{40,}(?:_[a-z0-9]*)?)"],
    ),
    hides(
        "JSON Web Tokens",
        &[
            r"\beyJ(?<secret>[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3})",
            // Within a word, such as `keyJoin.column`, the name of the first field of a header has to follow.
            r"[A-Za-z0-9_]eyJ(?<secret>(?:hbGci|0eXAi|raWQi|jdHki|lbmMi|6aXAi|4NXQi|4NWMi|qa3Ui|qd2si|jcml0)[A-Za-z0-9_-]{3,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3})",
        ],
    ),
    hides(
        "private keys",
        &[
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?<secret>(?:[A-Za-z0-9+/=:,. \t\r\n]|-[A-Za-z0-9]|\\+[nr])+)",
        ],
    ),
    hides(
        "authorization headers",
        &[
            r#"(?i)(?:\b|_|\\[nrt])authorization(?:\\*["'`])?[ \t]*(?::=|=>|[:=]|%3[ad])[ \t]*(?:\\*["'`])?(?:bearer|basic|token|apikey)[ \t]+(?<secret>[^\s"',;\\]{4,})"#,
        ],
    ),
    hides(
        "bearer tokens",
        &[r"(?i)bearer[ \t]+(?<secret>[A-Za-z0-9._~+/=-]{16,})"],
    ),
    hides(
        "passwords in addresses",
        &[r#":\\*/\\*/[^\s/:@]*:(?<secret>[^\s/@]+@(?:[^\s/@"'<>,]+@)*)"#],
    ),
    hides(
        "what is called a password, a secret or a token",
        &[
            // Bare. A backslash before a quote belongs to the text around, which is itself quoted. Right behind the sign, what
            // is a sign with it is none of the value.
            named!(r"[ \t]+", r#"[^\s"'*&;,\\](?:[^\s"'&;,\\]|\\+[^\s"'\\])*"#),
            named!("", r#"[^\s"'*&;,\\=>](?:[^\s"'&;,\\]|\\+[^\s"'\\])*"#),
            // In quotes, to the closing one. What is escaped within belongs to the value.
            named!(
                r#"[ \t]*(?:\$|[bfru]{1,2})?""#,
                r#"(?:[^\s"'*&;,)\\]|\\[^\r\n])(?:[^"\\\r\n]|\\[^\r\n])*"#
            ),
            named!(
                r"[ \t]*(?:\$|[bfru]{1,2})?'",
                r#"(?:[^\s"'*&;,)\\]|\\[^\r\n])(?:[^'\\\r\n]|\\[^\r\n]|''|'\\'')*"#
            ),
            // The same within a text that is quoted itself, as JSON within JSON is.
            named!(
                r#"[ \t]*\\""#,
                r#"(?:[^\s"'*&;,)\\]|\\\\[^\r\n])(?:[^"\\\r\n]|\\[^"\\\r\n]|\\\\(?:\\["\\]|[^"\\\r\n]))*"#
            ),
            named!(
                r"[ \t]*\\'",
                r#"(?:[^\s"'*&;,)\\]|\\\\[^\r\n])(?:[^'\\\r\n]|\\[^'\\\r\n]|\\\\(?:\\['\\]|[^'\\\r\n]))*"#
            ),
            // And twice, and deeper.
            named!(
                r#"[ \t]*\\{2,3}["']"#,
                r#"[^\s"'*&;,)\\](?:[^"'\\\r\n]|\\+[^"'\\\r\n]|\\{4,}["'])*"#
            ),
            named!(
                r#"[ \t]*\\{4,}["']"#,
                r#"[^\s"'*&;,)\\](?:[^"'\\\r\n]|\\+[^"'\\\r\n]|\\{8,}["'])*"#
            ),
        ],
    ),
];
