//! The form of a rule file, as TOML has it.

use serde::Deserialize;
use toml::Spanned;

/// One text, or several of which one will do.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileForm {
    pub(super) id: Spanned<String>,
    pub(super) name: Option<String>,
    /// The versions on which the rules were tested.
    #[serde(default)]
    pub(super) tested: Vec<String>,
    /// What the rules rest on, if they were not tested.
    pub(super) untested: Option<String>,
    /// Whether it stands for all earlier rules of this agent; otherwise it adds to them.
    #[serde(default)]
    pub(super) replace: bool,
    /// The rules of earlier files that are left out.
    #[serde(default)]
    pub(super) disabled: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) identify: IdentifyForm,
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<Spanned<RuleForm>>,
    #[serde(default, rename = "vital")]
    pub(super) vitals: Vec<Spanned<VitalForm>>,
    #[serde(default, rename = "hook")]
    pub(super) hooks: Vec<Spanned<StatementForm>>,
    #[serde(default, rename = "registry")]
    pub(super) registry: Vec<Spanned<StatementForm>>,
    pub(super) composer: Option<Spanned<ComposerForm>>,
    pub(super) dialog: Option<Spanned<DialogForm>>,
    #[serde(default, rename = "choice")]
    pub(super) choices: Vec<Spanned<ChoiceForm>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentifyForm {
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) arguments: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) except: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleForm {
    pub(super) id: String,
    pub(super) state: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) priority: i32,
    pub(super) confidence: Option<String>,
    #[serde(default)]
    pub(super) skip_state_update: bool,
    /// Whether it is published without waiting for a confirmation.
    #[serde(default)]
    pub(super) at_once: bool,
    pub(super) when: ConditionForm,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionForm {
    pub(super) all: Option<Vec<ConditionForm>>,
    pub(super) any: Option<Vec<ConditionForm>>,
    pub(super) not: Option<Box<ConditionForm>>,
    pub(super) region: Option<String>,
    pub(super) exists: Option<bool>,
    pub(super) contains: Option<OneOrMany>,
    pub(super) regex: Option<String>,
    pub(super) line_regex: Option<String>,
    pub(super) rows_regex: Option<String>,
    pub(super) except: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VitalForm {
    pub(super) region: String,
    pub(super) contains: Option<OneOrMany>,
    pub(super) regex: Option<String>,
    pub(super) line_regex: Option<String>,
    pub(super) rows_regex: Option<String>,
    pub(super) except: Option<String>,
    /// The mode that it shows.
    pub(super) mode: Option<String>,
    /// The states in which it counts; all if there are none.
    #[serde(default)]
    pub(super) states: Vec<String>,
}

/// What a hook or the registry says, and what that means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementForm {
    pub(super) event: String,
    pub(super) detail: Option<OneOrMany>,
    pub(super) tool: Option<OneOrMany>,
    pub(super) state: Option<String>,
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) at_once: bool,
}

/// Where prompts are written, and how they are submitted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComposerForm {
    pub(super) region: String,
    pub(super) regex: Option<String>,
    pub(super) line_regex: Option<String>,
    pub(super) rows_regex: Option<String>,
    pub(super) except: Option<String>,
    /// What it shows while nothing is in it.
    #[serde(default)]
    pub(super) placeholders: Vec<String>,
    /// What stands for a paste that is not shown.
    pub(super) pasted: Option<String>,
    /// Texts at whose end it offers completions.
    pub(super) completing: Option<String>,
    /// Whether it takes several lines as a paste.
    #[serde(default)]
    pub(super) lines: bool,
    pub(super) submit: Option<Vec<String>>,
    pub(super) submit_delay_ms: Option<u64>,
    pub(super) clear: Option<Vec<String>>,
    #[serde(default)]
    pub(super) hooks: Vec<String>,
}

/// What an agent's dialogs have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DialogForm {
    pub(super) region: Option<String>,
    pub(super) except: Option<String>,
    pub(super) signs: Option<String>,
    pub(super) up: Option<String>,
    pub(super) down: Option<String>,
    pub(super) confirm: Option<String>,
    /// Choices that Escape makes.
    pub(super) escape: Option<String>,
    /// Whether a digit makes a choice, where no sign shows which one is chosen.
    #[serde(default)]
    pub(super) digits: bool,
}

/// A choice of a dialog that has no list with a sign.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChoiceForm {
    pub(super) text: String,
    pub(super) when: ConditionForm,
    pub(super) keys: Vec<String>,
}
