//! What follows from looks at processes that come, work, end and change their parents.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::time::Duration;

use super::sample::Units;
use super::*;
use crate::machine_stat::MachineStat;
use crate::process_stat::ProcessStat;

const SERVER: u32 = 50;
const PANE: u32 = 100;
const TERMINAL: i64 = 34_816;
/// When the first look was, in ticks since the machine started.
const FIRST: u64 = 10_000;

fn process(parent: u32) -> ProcessStat {
    ProcessStat {
        name: "p".to_owned(),
        parent,
        has_ended: false,
        foreground: None,
        terminal: Some(TERMINAL),
        own_ticks: 0,
        children_ticks: 0,
        resident_pages: 10,
        started: 1,
    }
}

fn took(stat: ProcessStat, own_ticks: u64, children_ticks: u64) -> ProcessStat {
    ProcessStat {
        own_ticks,
        children_ticks,
        ..stat
    }
}

fn begun(stat: ProcessStat, started: u64) -> ProcessStat {
    ProcessStat { started, ..stat }
}

fn elsewhere(stat: ProcessStat) -> ProcessStat {
    ProcessStat {
        terminal: None,
        ..stat
    }
}

/// A look so many seconds behind the first one, at a server with a pane and at these.
fn look(seconds: u64, processes: &[(u32, ProcessStat)]) -> Sample {
    let server = (SERVER, elsewhere(process(1)));
    let all: HashMap<u32, ProcessStat> = [server]
        .into_iter()
        .chain(processes.iter().cloned())
        .collect();
    Sample {
        processes: all,
        machine: MachineStat::default(),
        at: Duration::from_millis(FIRST * 10) + Duration::from_secs(seconds),
        units: Units {
            ticks_per_second: 100,
            page_bytes: 4096,
        },
    }
}

/// What the pane used over ten seconds between looks at these: tenths of a percent of a core.
fn cpu(before: &[(u32, ProcessStat)], now: &[(u32, ProcessStat)]) -> u32 {
    let mut meter = Meter::default();
    assert!(
        meter.take(look(0, before)).is_none(),
        "one look tells nothing"
    );
    let reading = meter.take(look(10, now)).unwrap();
    assert_eq!(reading.over(), Duration::from_secs(10));
    reading.pane(PANE, SERVER).unwrap().cpu
}

#[test]
fn what_lives_is_counted_by_its_own_time() {
    let shell = || process(SERVER);
    let rows = [
        // 500 of 1,000 ticks.
        (
            shell(),
            vec![(101, took(process(PANE), 40, 0))],
            vec![(101, took(process(PANE), 540, 0))],
            500,
        ),
        // Two cores.
        (
            shell(),
            vec![],
            vec![(101, begun(took(process(PANE), 2000, 0), FIRST + 3))],
            2000,
        ),
        // A grandchild that began in between.
        (
            shell(),
            vec![(101, process(PANE))],
            vec![
                (101, process(PANE)),
                (102, begun(took(process(101), 7, 0), FIRST)),
            ],
            7,
        ),
        // One that was there before, but not to be seen: when it used that is not known.
        (
            shell(),
            vec![],
            vec![(101, begun(took(process(PANE), 90_000, 0), FIRST - 1))],
            0,
        ),
        // A number that is another's now: its new owner's time counts, whatever the old one's was.
        (
            shell(),
            vec![(101, begun(took(process(PANE), 800, 0), 5))],
            vec![(101, begun(took(process(PANE), 30, 0), FIRST + 400))],
            30,
        ),
    ];
    for (row, (shell, before, now, expected)) in rows.into_iter().enumerate() {
        let with = |others: Vec<(u32, ProcessStat)>| {
            let mut all = vec![(PANE, shell.clone())];
            all.extend(others);
            all
        };
        assert_eq!(cpu(&with(before), &with(now)), expected, "row {row}");
    }
}

#[test]
fn what_ended_counts_for_its_parent_and_nothing_twice() {
    let shell = |children| (PANE, took(process(SERVER), 0, children));
    // Both came and went in between.
    assert_eq!(cpu(&[shell(0)], &[shell(90)]), 90);
    // One of 60 was seen while it lived, and took 40 more.
    let seen = (101, took(process(PANE), 60, 0));
    assert_eq!(cpu(&[shell(0), seen.clone()], &[shell(100)]), 40);
    // It was seen with a child of its own, and both are gone: 60 and 25 were counted, 100 and 30 were used.
    let below = (102, took(process(101), 25, 0));
    assert_eq!(
        cpu(&[shell(0), seen.clone(), below.clone()], &[shell(130)]),
        45
    );
    // The one between is gone, and what it left belongs to no parent in the pane; nothing is counted twice.
    let orphan = (102, took(process(1), 26, 0));
    assert_eq!(
        cpu(&[shell(0), seen.clone(), below], &[shell(60), orphan]),
        1
    );
    // Its parent does not care for children, so the kernel says nothing of them.
    assert_eq!(cpu(&[shell(0), seen.clone()], &[shell(0)]), 0);
    // It has ended and waits for its parent to notice: it is counted still, and holds nothing.
    let mut meter = Meter::default();
    meter.take(look(0, &[shell(0), seen]));
    let ended = ProcessStat {
        has_ended: true,
        resident_pages: 0,
        ..took(process(PANE), 70, 0)
    };
    let reading = meter.take(look(10, &[shell(0), (101, ended)])).unwrap();
    let expected = Amounts {
        cpu: 10,
        memory: 10 << 12,
        processes: 1,
    };
    assert_eq!(reading.pane(PANE, SERVER), Some(expected));
}

#[test]
fn a_pane_has_what_is_below_it_and_what_is_on_its_terminal() {
    let mut meter = Meter::default();
    meter.take(look(0, &[]));
    let processes = [
        (PANE, process(SERVER)),
        (101, process(PANE)),
        // Its own terminal, as `script` gives one.
        (
            102,
            ProcessStat {
                terminal: Some(9),
                ..process(101)
            },
        ),
        // Its parent has ended, and init took it over, with a child that has left the terminal.
        (103, process(1)),
        (104, elsewhere(process(103))),
        // A daemon that left the terminal and its parent: it is nobody's.
        (105, elsewhere(process(1))),
        // Another pane.
        (
            200,
            ProcessStat {
                terminal: Some(34_817),
                ..process(SERVER)
            },
        ),
        (
            201,
            ProcessStat {
                terminal: Some(34_817),
                ..process(200)
            },
        ),
    ];
    let reading = meter.take(look(10, &processes)).unwrap();
    let processes = |first| reading.pane(first, SERVER).map(|amounts| amounts.processes);
    assert_eq!(processes(PANE), Some(5));
    assert_eq!(processes(200), Some(2));
    assert_eq!(reading.pane(PANE, SERVER).unwrap().memory, 50 << 12);
    // A number that the server's child had, and that is another's now; one that is nobody's.
    assert_eq!(processes(101), None);
    assert_eq!(processes(4000), None);
}

#[test]
fn parents_in_a_circle_end_nothing() {
    let circle = [(101, process(102)), (102, process(101))];
    let mut meter = Meter::default();
    meter.take(look(0, &circle));
    let reading = meter.take(look(10, &[])).unwrap();
    assert_eq!(reading.pane(101, 102), None);
    meter.take(look(20, &circle));
    let reading = meter.take(look(30, &circle)).unwrap();
    assert_eq!(reading.pane(101, 102).unwrap().processes, 2);
}

#[test]
fn muxwire_is_counted_without_a_server_that_it_started() {
    let mut meter = Meter::default();
    let before = [(30, took(elsewhere(process(1)), 100, 7))];
    meter.take(look(0, &before));
    let processes = [
        (30, took(elsewhere(process(1)), 120, 17)),
        (31, begun(took(elsewhere(process(30)), 4, 0), FIRST + 1)),
        (SERVER, elsewhere(process(30))),
        (PANE, process(SERVER)),
    ];
    let reading = meter.take(look(10, &processes)).unwrap();
    let (all, own) = reading.process(30, Some(SERVER)).unwrap();
    assert_eq!((all.cpu, all.processes, all.memory), (34, 2, 20 << 12));
    assert_eq!((own.cpu, own.processes, own.memory), (20, 1, 10 << 12));
    let (with_server, _) = reading.process(30, None).unwrap();
    assert_eq!(with_server.processes, 4);
    assert_eq!(reading.process(9, None), None);
}

#[test]
fn the_machine_is_measured_by_all_its_cores() {
    let with = |seconds, busy_ticks, ticks| Sample {
        machine: MachineStat {
            cores: 4,
            ticks,
            busy_ticks,
            memory: 1000,
            available: 400,
            swap: 50,
            free_swap: 20,
            load: [1, 2, 3],
        },
        ..look(seconds, &[])
    };
    let mut meter = Meter::default();
    meter.take(with(0, 1000, 5000));
    let reading = meter.take(with(10, 2000, 9000)).unwrap();
    let (amounts, figures) = reading.host();
    assert_eq!(
        (amounts.cpu, amounts.memory, amounts.processes),
        (250, 600, 1)
    );
    assert_eq!(
        (figures.cores, figures.swap_used, figures.load),
        (4, 30, [1, 2, 3])
    );
    // A clock that went back tells nothing, and neither does none that went on.
    assert!(meter.take(with(5, 2000, 9000)).is_none());
    assert!(meter.take(with(5, 2000, 9000)).is_none());
    assert!(meter.take(with(6, 2000, 9000)).is_some());
}

#[cfg(target_os = "linux")]
#[test]
fn this_machine_is_read() {
    let mut meter = Meter::default();
    meter.take(Sample::read().unwrap());
    let own = std::process::id();
    let reading = loop {
        let sample = Sample::read().unwrap();
        assert!(sample.processes() > 0);
        if let Some(reading) = meter.take(sample) {
            break reading.process(own, None).unwrap();
        }
    };
    let (all, own) = reading;
    assert!(
        own.memory > 1 << 20 && all.memory >= own.memory,
        "{all:?} {own:?}"
    );
    assert_eq!(own.processes, 1);
}
