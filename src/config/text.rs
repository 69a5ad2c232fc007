//! Settings that are texts of others: muxwire compares them and gives them no meaning.

use crate::config::environment::Environment;
use crate::config::kind::{Kind, Raw, Refusal};

/// A text, which may be empty.
pub(in crate::config) struct Text;

impl Text {
    const MAX_LEN: usize = 1024;
}

impl Kind for Text {
    type Value = String;

    fn expected(&self) -> String {
        format!("a text of up to {} bytes", Self::MAX_LEN)
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<String, Refusal> {
        let fits = |text: &&str| text.len() <= Self::MAX_LEN && !text.contains(char::is_control);
        let text = raw.text().filter(fits).ok_or(Refusal::NotExpected)?;
        Ok(text.to_owned())
    }

    fn show(&self, value: &String) -> Raw {
        Raw::Text(value.clone())
    }
}
