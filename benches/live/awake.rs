//! Cores that are kept awake by work of the idle priority.
//!
//! On a virtual machine it costs about 100 us to wake a core that has gone to sleep, which is more than all that is
//! measured here, and no merit or fault of the program. So latencies are given both at rest and with this.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::process::{Guard, bound};

/// While this lives, no core sleeps.
#[derive(Debug)]
pub struct Awake {
    _spinners: Vec<Guard>,
}

impl Awake {
    /// Starts one spinner a core, as `chrt --idle` does; none if this machine lacks `chrt`.
    pub fn start() -> Option<Self> {
        let version = Command::new("chrt").arg("--version").output();
        version.ok()?;
        let cores = thread::available_parallelism().unwrap().get();
        let spin = |core: usize| {
            let child = bound("chrt")
                .args(["--idle", "0"])
                .arg(std::env::current_exe().unwrap())
                .args(["pane", "spin", &core.to_string()])
                .stdin(Stdio::null())
                .spawn();
            Guard(child.unwrap())
        };
        let spinners: Vec<Guard> = (0..cores).map(spin).collect();
        thread::sleep(Duration::from_millis(100));
        Some(Self {
            _spinners: spinners,
        })
    }
}
