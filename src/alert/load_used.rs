//! Reading what rules say of processors and memory.

use super::form::WhenForm;
use super::load::{Read, Reading};
use super::rule::{Amount, Condition, Subject};
use crate::config::unit::read_size;

/// The most of processors that can be asked for, in percent of one core.
const MOST_CPU: u32 = 100_000;

impl Reading<'_> {
    /// What is asked for of processors or memory, if it is that.
    pub(super) fn used(&self, form: &WhenForm) -> Read<Option<Condition>> {
        let amount = match (form.cpu_above, &form.memory_above) {
            (Some(percent), _) if (1..=MOST_CPU).contains(&percent) => Amount::Cpu(percent),
            (Some(percent), _) => {
                let remedy = format!("say 1 to {MOST_CPU}, in percent of one core");
                return Err(self.wrong(format!("cpu_above is {percent}"), &remedy));
            }
            (None, Some(text)) => match read_size(text).filter(|size| *size > 0) {
                Some(size) => Amount::Memory(size),
                None => {
                    let remedy = "say a size with its unit, such as \"512MiB\" or \"2GiB\"";
                    return Err(self.wrong(format!("memory_above is {text:?}"), remedy));
                }
            },
            (None, None) => return Ok(None),
        };
        let subject = match form.of.as_deref() {
            None => Subject::Pane,
            Some(name) => {
                let named = Subject::ALL.map(|subject| (subject.name(), subject));
                self.one_of("of", name, &named)?
            }
        };
        if let (Subject::Host, Amount::Cpu(percent @ 100..)) = (subject, amount) {
            let cause =
                format!("cpu_above is {percent} of the host, whose processors together are 100");
            return Err(self.wrong(cause, "say 1 to 99"));
        }
        Ok(Some(Condition::Used { subject, amount }))
    }

    /// Whether a rule that is for certain agents or sessions is about panes: nothing else has any.
    pub(super) fn is_about_panes(
        &self,
        id: &str,
        condition: &Condition,
        (agents, sessions): (&[String], &[String]),
    ) -> Read<()> {
        let is_about = match condition {
            Condition::Used { subject, .. } => *subject,
            _ => Subject::Pane,
        };
        if is_about == Subject::Pane || (agents.is_empty() && sessions.is_empty()) {
            return Ok(());
        }
        let about = is_about.name();
        let cause =
            format!("the rule {id:?} is about {about}, which has neither agents nor sessions");
        Err(self.wrong(cause, "leave agents and sessions out, or say of = \"pane\""))
    }
}
