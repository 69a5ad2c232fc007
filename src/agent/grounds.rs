//! What is held of an agent for and against what is said of it, with how old and how strong it is.

use std::fmt;
use std::time::{Duration, Instant};

use super::evidence::{Evidence, Standing};
use super::osc::Signal;
use super::status::{Confidence, Reason, Source, State, Status};

/// What is held of the agent in a pane, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// What it is said to do.
    pub state: State,
    /// Why.
    pub reason: Option<Reason>,
    /// How sure that is.
    pub confidence: Confidence,
    /// What that rests on.
    pub source: Option<Source>,
    /// For how long it has been said.
    pub age: Duration,
    /// The agent's process.
    pub process: u32,
    /// All processes of its pane, as they were seen last.
    pub processes: Vec<u32>,
    /// Whether its screen is known.
    pub has_screen: bool,
    /// What sources say now, the strongest first.
    pub evidence: Vec<Ground>,
    /// The newest of what the pane's bytes say besides what they show, the oldest first.
    pub signals: Vec<HeardSignal>,
}

/// What one source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Who says it.
    pub source: Source,
    /// What the agent does.
    pub state: State,
    /// Why.
    pub reason: Option<Reason>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it says beside that.
    pub message: Option<String>,
    /// What it rests on, such as a rule or a hook.
    pub basis: String,
    /// How strong it is, by the table of strengths.
    pub strength: u8,
    /// Whether what is said rests on it.
    pub standing: Standing,
    /// How long ago it began to say so.
    pub age: Duration,
    /// How long ago it said so last.
    pub said: Duration,
}

/// A signal among the pane's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardSignal {
    /// What kind it is.
    pub kind: &'static str,
    /// What it says.
    pub text: Option<String>,
    /// How long ago it came.
    pub age: Duration,
}

impl Grounds {
    /// The texts in it that a program chose.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let evidence = self.evidence.iter_mut();
        let said = evidence.flat_map(|one| one.message.iter_mut().chain([&mut one.basis]));
        let signals = self.signals.iter_mut();
        said.chain(signals.filter_map(|one| one.text.as_mut()))
    }

    pub(super) fn new(
        status: &Status,
        (process, processes): (u32, &[u32]),
        has_screen: bool,
        now: Instant,
    ) -> Self {
        Self {
            state: status.state,
            reason: status.reason.clone(),
            confidence: status.confidence,
            source: status.source,
            age: now.saturating_duration_since(status.since),
            process,
            processes: processes.to_vec(),
            has_screen,
            evidence: Vec::new(),
            signals: Vec::new(),
        }
    }
}

impl Ground {
    pub(super) fn new(
        (evidence, strength, standing): (&Evidence, u8, Standing),
        now: Instant,
    ) -> Self {
        Self {
            source: evidence.source,
            state: evidence.state,
            reason: evidence.reason.clone(),
            confidence: evidence.confidence,
            message: evidence.message.clone(),
            basis: evidence.basis.clone(),
            strength,
            standing,
            age: now.saturating_duration_since(evidence.since),
            said: now.saturating_duration_since(evidence.seen),
        }
    }
}

impl HeardSignal {
    pub(super) fn new((signal, at): &(Signal, Instant), now: Instant) -> Self {
        Self {
            kind: signal.kind(),
            text: signal.text(),
            age: now.saturating_duration_since(*at),
        }
    }
}

impl fmt::Display for Grounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.as_ref().map(|reason| format!(" ({reason})"));
        let (state, confidence) = (self.state, self.confidence.name());
        writeln!(
            formatter,
            "  {state}{}, {confidence} confidence",
            reason.unwrap_or_default()
        )?;
        for one in &self.evidence {
            let (source, standing) = (one.source.name(), one.standing.name());
            let Ground {
                state,
                basis,
                strength,
                ..
            } = one;
            writeln!(
                formatter,
                "  {source} says {state}: {basis} (strength {strength}, {standing})"
            )?;
        }
        for HeardSignal { kind, text, .. } in &self.signals {
            writeln!(
                formatter,
                "  {kind} {}",
                text.as_deref().unwrap_or_default()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{Scene, claude};
    use super::*;

    const MANUAL: &str = "⏸ manual mode on · ? for shortcuts";

    #[test]
    fn all_that_is_held_of_an_agent_is_told_with_its_age_and_strength() {
        let mut scene = Scene::new("claude");
        scene
            .show(&claude("Hello", MANUAL))
            .after(1000)
            .says("ready");
        scene.event("UserPromptSubmit").after(499).says("busy");
        let held = |scene: &Scene| {
            let grounds = scene.watch.grounds(scene.now);
            assert!(grounds.is_some());
            grounds.into_iter().collect::<Vec<_>>().remove(0)
        };
        let grounds = held(&scene);
        let evidence = grounds.evidence.iter();
        let told: Vec<_> = evidence
            .map(|one| (one.source, one.state, one.strength, one.standing))
            .collect();
        assert_eq!(
            told,
            [
                (Source::Hook, State::Busy, 60, Standing::Counts),
                (Source::Screen, State::Ready, 50, Standing::Weaker),
            ]
        );
        assert_eq!(grounds.evidence[0].said, Duration::from_millis(500));
        assert_eq!(grounds.evidence[0].basis, "the hook UserPromptSubmit");
        assert!(grounds.evidence[1].basis.starts_with("the rule "));
        assert_eq!(
            (grounds.state, grounds.source),
            (State::Busy, Some(Source::Hook))
        );
        assert_eq!((grounds.process, grounds.processes), (2, vec![1, 2]));
        // The screen goes on saying so, for longer than a hook is believed.
        scene
            .bytes("\x1b]9;It needs you\x07")
            .after(3000)
            .says("ready");
        let grounds = held(&scene);
        let evidence = grounds.evidence.iter();
        let standings: Vec<_> = evidence.map(|one| (one.source, one.standing)).collect();
        let expected = [
            (Source::Hook, Standing::GivesWay),
            (Source::Screen, Standing::Counts),
        ];
        assert_eq!(standings, expected);
        let signal = grounds.signals.last();
        assert_eq!(signal.map(|one| one.kind), Some("notification"));
        assert_eq!(
            signal.and_then(|one| one.text.as_deref()),
            Some("It needs you")
        );
    }
}
