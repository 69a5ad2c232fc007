//! What is new in the figures: most panes of a machine do nothing, and of these nothing has to be said again and again.

use std::collections::BTreeMap;

use super::{Amounts, Derived, PaneId, Resources};

/// What was said of each pane last.
#[derive(Debug, Default)]
pub(super) struct Said {
    panes: BTreeMap<(PaneId, u32), Amounts>,
    /// The last one who began to want it, for whom all of it was said.
    asked: u64,
}

impl Said {
    /// Whether something was said of a pane at the last look, with the process that was started in it.
    pub(super) fn knows(&self, pane: (PaneId, u32)) -> bool {
        self.panes.contains_key(&pane)
    }

    /// What is to be said: of muxwire and the machine always, of a pane if it is other than what was said last or if somebody
    /// has begun to want it since. A pane stands with the process that was started in it.
    pub(super) fn news(
        &mut self,
        used: Vec<(Option<(PaneId, u32)>, Resources)>,
        asked: u64,
    ) -> Vec<Derived> {
        let is_for_all = asked != std::mem::replace(&mut self.asked, asked);
        let before = std::mem::take(&mut self.panes);
        let mut news = Vec::new();
        for (pane, resources) in used {
            if let Some(pane) = pane {
                let now = resources.amounts;
                let said = before.get(&pane).filter(|_| !is_for_all);
                if let Some(said) = said.filter(|said| is_much_alike(**said, now)) {
                    self.panes.insert(pane, *said);
                    continue;
                }
                self.panes.insert(pane, now);
            }
            news.push(Derived::Resources {
                pane: pane.map(|(id, _)| id),
                resources: Box::new(resources),
            });
        }
        news
    }
}

/// Whether there is nothing to tell: some pages more or less are not.
fn is_much_alike(before: Amounts, now: Amounts) -> bool {
    /// The least that counts, in bytes.
    const LEAST: u64 = 256 << 10;
    let room = LEAST.max(before.memory / 100);
    before.cpu == now.cpu
        && before.processes == now.processes
        && before.memory.abs_diff(now.memory) < room
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::resources::{HostFigures, ResourceUser};

    fn pane(id: u32, pid: u32, amounts: Amounts) -> (Option<(PaneId, u32)>, Resources) {
        (
            Some((PaneId(id), pid)),
            resources(ResourceUser::Pane, amounts),
        )
    }

    fn resources(user: ResourceUser, amounts: Amounts) -> Resources {
        Resources {
            user,
            amounts,
            over: Duration::from_secs(5),
        }
    }

    fn panes(news: &[Derived]) -> Vec<Option<PaneId>> {
        let pane = |derived: &Derived| match derived {
            Derived::Resources { pane, .. } => *pane,
            _ => None,
        };
        news.iter().map(pane).collect()
    }

    #[test]
    fn what_does_not_change_is_said_once_to_each_who_asks() {
        let host = || {
            let user = ResourceUser::Host(HostFigures::default());
            (None, resources(user, Amounts::default()))
        };
        let amounts = |cpu, kibibytes: u64| Amounts {
            cpu,
            memory: kibibytes << 10,
            processes: 1,
        };
        let mut said = Said::default();
        let look = |said: &mut Said, pid, cpu, kibibytes, asked| {
            let used = vec![
                pane(1, 10, amounts(0, 4000)),
                pane(2, pid, amounts(cpu, kibibytes)),
                host(),
            ];
            panes(&said.news(used, asked))
        };
        let (one, two) = (Some(PaneId(1)), Some(PaneId(2)));
        assert_eq!(look(&mut said, 20, 0, 100_000, 1), [one, two, None]);
        assert_eq!(look(&mut said, 20, 0, 100_900, 1), [None], "a little");
        assert_eq!(look(&mut said, 20, 1, 100_900, 1), [two, None], "worked");
        assert_eq!(look(&mut said, 20, 1, 100_900, 1), [None]);
        assert_eq!(look(&mut said, 20, 1, 102_000, 1), [two, None], "grew");
        assert_eq!(look(&mut said, 20, 1, 102_000, 2), [one, two, None]);
        assert_eq!(look(&mut said, 21, 1, 102_000, 2), [two, None], "respawned");
    }

    #[test]
    fn what_grows_slowly_is_said_in_time() {
        let mut said = Said::default();
        let mut told = 0;
        for page in 0..1000_u64 {
            let amounts = Amounts {
                memory: page << 12,
                ..Amounts::default()
            };
            told += said.news(vec![pane(1, 10, amounts)], 1).len();
        }
        assert!((10..=20).contains(&told), "{told}");
    }
}
