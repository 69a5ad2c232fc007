//! What passes through the shim, byte for byte, in both directions and against a pane without it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::shell::Shell;
use crate::support::random::Random;
use crate::support::{KillOnDrop, SOON, for_each_version, holds_within, wait_until};

const QUERY: &[u8] = b"\x1b]7501;?\x07";

/// Random bytes of every kind; among them what begins as a query and is none.
fn random(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = Vec::new();
    while bytes.len() < length {
        match random.below(20) {
            0 => bytes.extend_from_slice(b"\x1b]7501;state=idle\x07"),
            1 => bytes.extend_from_slice(&QUERY[..1 + random.below(QUERY.len() - 1)]),
            2 => bytes.extend_from_slice(b"\x1bPtmux;\x1b\x1b]7501;?\x07\x1b\\"),
            3 => bytes.extend_from_slice("caf\u{e9} \u{1f600}".as_bytes()),
            _ => bytes.extend((0..random.below(64)).map(|_| random.next() as u8)),
        }
        // So that no query comes about by chance.
        bytes.push(b'.');
    }
    bytes
}

/// What the programs in a pane print, as the pane gets it, while a file is printed by a command.
fn printed(shell: &Shell, command: &str, name: &str) -> Vec<u8> {
    let (out, ended) = (
        shell.file(&format!("{name}.out")),
        shell.file(&format!("{name}.ended")),
    );
    let script = shell.file(&format!("{name}.sh"));
    let text = format!(
        "modes=$(stty -g)\nstty raw -echo\n: > {0}.ready\nwhile [ ! -e {0}.go ]; do sleep 0.02; done\n\
         {command}\nprintf THE-END\n: > {0}\nwhile [ ! -e {0}.over ]; do sleep 0.02; done\nstty \"$modes\"\n",
        ended.display()
    );
    fs::write(&script, text).unwrap();
    shell.line(&format!("sh {}", script.display()));
    let at = |suffix: &str| Path::new(&format!("{}.{suffix}", ended.display())).to_owned();
    wait_until("it is ready", SOON, || at("ready").exists());
    let pipe = format!("cat > {}", out.display());
    shell
        .server()
        .run(["pipe-pane", "-t", shell.pane(), "-O", &pipe]);
    fs::write(at("go"), "").unwrap();
    let is_whole = || fs::read(&out).is_ok_and(|read| read.ends_with(b"THE-END"));
    assert!(
        holds_within(SOON, is_whole),
        "{command}: not all of it has come"
    );
    shell.server().run(["pipe-pane", "-t", shell.pane()]);
    fs::write(at("over"), "").unwrap();
    let mut read = fs::read(out).unwrap();
    read.truncate(read.len() - b"THE-END".len());
    read
}

#[test]
fn what_programs_print_reaches_the_pane_as_it_is() {
    for_each_version(|program| {
        let shell = Shell::new(program);
        for seed in 0..3 {
            let mut bytes = random(seed, 200_000);
            let file = shell.file("bytes");
            fs::write(&file, &bytes).unwrap();
            let cat = format!("cat {}", file.display());
            let direct = printed(&shell, &cat, &format!("direct{seed}"));
            assert_eq!(direct.len(), bytes.len(), "without a shim");
            let behind = printed(&shell, &format!("$MW run -- {cat}"), &format!("shim{seed}"));
            assert!(behind == direct && behind == bytes, "seed {seed}");
            // With queries in it, nothing but these is missing.
            let whole = bytes.clone();
            let mut random = Random::new(seed);
            let breaks: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'.').collect();
            let mut places: Vec<usize> =
                (0..5).map(|_| breaks[random.below(breaks.len())]).collect();
            places.sort_unstable();
            for place in places.into_iter().rev() {
                let calm = b"\x18".iter().chain(QUERY).chain(b"\x18");
                bytes.splice(place..place, calm.copied());
            }
            fs::write(&file, &bytes).unwrap();
            let name = format!("queries{seed}");
            let behind = printed(&shell, &format!("$MW run -- {cat}"), &name);
            let calmed: Vec<u8> = behind
                .iter()
                .copied()
                .filter(|byte| *byte != 0x18)
                .collect();
            let expected: Vec<u8> = whole.iter().copied().filter(|byte| *byte != 0x18).collect();
            assert!(calmed == expected, "seed {seed} with queries");
        }
    });
}

#[test]
fn what_is_typed_reaches_the_program_as_it_is() {
    for_each_version(|program| {
        let shell = Shell::new(program);
        let bytes = random(7, 3000);
        let typed = shell.file("typed");
        let script = format!(
            "$MW run -- sh -c 'stty raw -echo; : > typed.ready; exec head -c {} > {}'",
            bytes.len(),
            typed.display()
        );
        shell.line(&script);
        wait_until("it reads", SOON, || shell.file("typed.ready").exists());
        for part in bytes.chunks(200) {
            let hex: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut keys = vec!["-H"];
            keys.extend(hex.iter().map(String::as_str));
            shell.keys(&keys);
        }
        shell.until_foreground("bash");
        assert!(fs::read(&typed).unwrap() == bytes);
        assert!(shell.is_sane());
    });
}

/// The program ends while nobody reads, with more on the way than its terminal gives at a time.
#[test]
fn regression_what_a_program_prints_last_is_passed_on_whole() {
    let folder = tempfile::tempdir().unwrap();
    for blocks in (74..=110).step_by(4) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = open(&name, flags, Mode::empty()).unwrap();
        let mut modes = tcgetattr(&theirs).unwrap();
        modes.make_raw();
        tcsetattr(&theirs, OptionalActions::Now, &modes).unwrap();
        let ended = folder.path().join(blocks.to_string());
        let script = format!(
            "i=0; while [ $i -lt {blocks} ]; do printf %01000d 0; i=$((i+1)); done; : > {}",
            ended.display()
        );
        let stdio = || Stdio::from(theirs.try_clone().unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_muxwire"))
            .args(["run", "--", "sh", "-c", &script])
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn();
        let _child = KillOnDrop(child.unwrap());
        drop(theirs);
        // What doesn't fit on the way waits in the program until it is read.
        holds_within(Duration::from_millis(500), || ended.exists());
        let mut read = Vec::new();
        // It fails when the other end is closed, with all that came before.
        let _ = File::from(ours).read_to_end(&mut read);
        assert_eq!(read.len(), blocks * 1000);
    }
}
