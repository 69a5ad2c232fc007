//! The form of a file with rules and sinks, as TOML has it.

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileForm {
    /// Whether it stands for all that is built in and in earlier files; otherwise it adds to that.
    #[serde(default)]
    pub(super) replace: bool,
    /// The rules that are left out.
    #[serde(default)]
    pub(super) disabled: Vec<Spanned<String>>,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<Spanned<RuleForm>>,
    #[serde(default, rename = "sink")]
    pub(super) sinks: Vec<Spanned<SinkForm>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleForm {
    pub(super) id: String,
    pub(super) severity: Option<String>,
    pub(super) dwell: Option<String>,
    pub(super) cooldown: Option<String>,
    pub(super) hold: Option<String>,
    pub(super) key: Option<String>,
    #[serde(default)]
    pub(super) agents: Vec<String>,
    #[serde(default)]
    pub(super) sessions: Vec<String>,
    pub(super) when: WhenForm,
}

/// What has to hold: one of `status`, `context_below`, `gone_while`, `silent_while`, `output`, `cpu_above` and
/// `memory_above`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhenForm {
    pub(super) status: Option<Vec<String>>,
    pub(super) reasons: Option<Vec<String>>,
    pub(super) except: Option<Vec<String>>,
    pub(super) context_below: Option<u8>,
    pub(super) gone_while: Option<Vec<String>>,
    pub(super) silent_while: Option<Vec<String>>,
    pub(super) output: Option<String>,
    pub(super) count: Option<u32>,
    pub(super) within: Option<String>,
    pub(super) cpu_above: Option<u32>,
    pub(super) memory_above: Option<String>,
    pub(super) of: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SinkForm {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) url: Option<String>,
    pub(super) secret_file: Option<String>,
    pub(super) token_file: Option<String>,
    pub(super) authorities: Option<String>,
    pub(super) argv: Option<Vec<String>>,
    pub(super) severity: Option<String>,
    #[serde(default)]
    pub(super) rules: Vec<String>,
    #[serde(default)]
    pub(super) sessions: Vec<String>,
    pub(super) cleared: Option<bool>,
    pub(super) redact: Option<bool>,
    pub(super) timeout: Option<String>,
    pub(super) attempts: Option<u32>,
    pub(super) queue: Option<u32>,
}
