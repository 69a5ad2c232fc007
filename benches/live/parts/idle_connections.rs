//! What an idle connection costs in memory.

use std::time::Duration;

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::{float, now, short};
use crate::peers::Bun;
use crate::process::{mebibytes, resident};
use crate::socket::Socket;
use crate::swarm::Swarm;
use crate::table::{Row, Table};
use crate::tmux::{Tmux, stamping};

/// Bytes of resident memory for one connection.
const GOAL: f64 = 4096.0;

pub fn measure(options: &Options, table: &mut Table) {
    let count = options.pick(10_000, 2000);
    let tmux = stamping(&options.tmux);
    let muxwire = Muxwire::start_with_token(&tmux);
    // The first client's hash of the token needs 19 MiB for a moment, which is no matter of connections.
    let mut first = muxwire.subscribed();
    first.send(r#"{"action":"ping"}"#);
    std::thread::sleep(Duration::from_secs(1));
    println!("  {count} clients, each with its token and a subscription to all output");
    let ours = hold(&tmux, count, muxwire.pid(), || muxwire.subscribed());

    let tmux = stamping(&options.tmux);
    let bun = Bun::start(&tmux);
    let theirs = bun.map(|bun| {
        println!("  {count} clients of Bun, each with a subscription");
        hold(&tmux, count, bun.pid(), || {
            Socket::connect(&bun.address, Bun::offer())
        })
    });
    let mut row = Row::new(
        format!("idle connection, {count} open, resident bytes each"),
        format!("{ours:.0}"),
    )
    .goal("at most 4096", ours <= GOAL)
    .headline("memory of an idle connection, bytes");
    if let Some(theirs) = theirs {
        row = row
            .other(format!("Bun {theirs:.0}"))
            .compared(format!("{} of Bun", short(ours / theirs)));
    }
    table.add(row);
}

/// Bytes that a server's memory grows for each connection. All of them must still be served at the end.
fn hold(tmux: &Tmux, count: usize, pid: u32, open: impl Fn() -> Socket) -> f64 {
    let before = resident(pid);
    let mut swarm = Swarm::new();
    swarm.add_group(count, open);
    swarm.settle(Duration::from_secs(2));
    let after = resident(pid);
    let each = float(after.saturating_sub(before)) / float(count);
    println!(
        "  resident {:.1} MiB before, {:.1} MiB with them: {each:.0} bytes each",
        mebibytes(before),
        mebibytes(after)
    );
    tmux.type_line(&format!("{} 1000000 1", now()));
    let (rounds, _) = swarm.round(Duration::from_secs(30));
    assert_eq!(rounds[0].deliveries(), count, "all of them get a stamp");
    println!(
        "  all of them got a stamp then; resident {:.1} MiB after that",
        mebibytes(resident(pid))
    );
    each
}
