//! What is used of processors and memory, on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use crate::resources::{Amounts, ResourceUser, Resources};

/// What a pane, muxwire or the machine uses. What does not apply is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourcesObject<'a> {
    /// By whom: `pane`, `muxwire` or `host`.
    pub of: Cow<'a, str>,
    /// How much.
    #[serde(flatten)]
    pub amounts: AmountsObject,
    /// The time over which the use of processors was measured, in milliseconds.
    pub over_ms: u64,
    /// Of muxwire: its own process alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnAmounts>,
    /// Of the host: how many processors it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    /// Of the host: how many tasks ran or waited in the last minute, in the last 5 and in the last 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<[f64; 3]>,
    /// Of the host: all of its memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_total_bytes: Option<u64>,
    /// Of the host: how much swap is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_bytes: Option<u64>,
    /// Of the host: all of its swap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_total_bytes: Option<u64>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// What muxwire's own process uses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnAmounts {
    /// How much.
    #[serde(flatten)]
    pub amounts: AmountsObject,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// How much is used.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AmountsObject {
    /// Of processors, in percent of one core; of the host, of all its cores.
    pub cpu_percent: f64,
    /// Of memory.
    pub memory_bytes: u64,
    /// How many processes there are.
    pub processes: u32,
}

impl From<Amounts> for AmountsObject {
    fn from(amounts: Amounts) -> Self {
        Self {
            cpu_percent: f64::from(amounts.cpu) / 10.0,
            memory_bytes: amounts.memory,
            processes: amounts.processes,
        }
    }
}

impl<'a> From<&'a Resources> for ResourcesObject<'a> {
    fn from(resources: &'a Resources) -> Self {
        let object = Self {
            amounts: resources.amounts.into(),
            over_ms: u64::try_from(resources.over.as_millis()).unwrap_or(u64::MAX),
            ..Self::default()
        };
        match &resources.user {
            ResourceUser::Pane => Self {
                of: Cow::Borrowed("pane"),
                ..object
            },
            ResourceUser::Muxwire { own } => Self {
                of: Cow::Borrowed("muxwire"),
                own: Some(OwnAmounts {
                    amounts: (*own).into(),
                    more: More::new(),
                }),
                ..object
            },
            ResourceUser::Host(host) => Self {
                of: Cow::Borrowed("host"),
                cores: Some(host.cores),
                load: Some(host.load.map(|load| f64::from(load) / 100.0)),
                memory_total_bytes: Some(host.memory),
                swap_bytes: Some(host.swap_used),
                swap_total_bytes: Some(host.swap),
                ..object
            },
        }
    }
}
