//! Transcripts that grow, are torn, cut, exchanged and large.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::OpenOptions;
use std::io::Write as _;

use super::*;

const PANE: PaneId = PaneId(1);

/// A line of Claude Code for an answer with so many tokens.
fn line(id: &str, output: u64) -> String {
    format!(
        "{{\"type\":\"assistant\",\"message\":{{\"id\":\"{id}\",\"model\":\"claude-opus-4-5\",\"usage\":{{\"input_tokens\":1,\"output_tokens\":{output}}},\"content\":[]}}}}\n"
    )
}

struct Scene {
    folder: tempfile::TempDir,
    sessions: Sessions,
    files: BTreeMap<PathBuf, Follower>,
    prices: Prices,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let session = Session {
            form: TranscriptForm::Claude,
            path: folder.path().join("s.jsonl"),
        };
        Self {
            folder,
            sessions: [(PANE, session)].into(),
            files: BTreeMap::new(),
            prices: Prices::with([]).unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("s.jsonl")
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path())
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Requests and written tokens by now.
    fn counts(&mut self) -> (u64, u64) {
        let usages = usages(&self.sessions, &mut self.files, &self.prices);
        usages.first().map_or((0, 0), |(pane, usage)| {
            assert_eq!(*pane, PANE);
            (usage.requests(), usage.tokens().output)
        })
    }

    fn read_bytes(&self) -> u64 {
        self.files.values().map(|file| file.offset).sum()
    }
}

#[test]
fn a_transcript_is_followed_and_torn_lines_wait_for_their_end() {
    let mut scene = Scene::new();
    assert_eq!(scene.counts(), (0, 0), "it is not there yet");
    scene.append(&line("a", 5));
    assert_eq!(scene.counts(), (1, 5));
    let next = line("b", 7);
    let (torn, rest) = next.split_at(60);
    scene.append(torn);
    assert_eq!(scene.counts(), (1, 5));
    scene.append(rest);
    scene.append("what is this?\n{}\n[1]\n\n\u{0}\n");
    assert_eq!(scene.counts(), (2, 12));
    // The same answer once more, as it has grown.
    scene.append(&line("b", 9));
    assert_eq!(scene.counts(), (2, 14));
    fs::remove_file(scene.path()).unwrap();
    assert_eq!(scene.counts(), (2, 14), "what was counted stays");
}

#[test]
fn a_file_that_is_written_anew_is_counted_anew() {
    let mut scene = Scene::new();
    scene.append(&(line("a", 5) + &line("b", 5)));
    assert_eq!(scene.counts(), (2, 10));
    // Cut.
    fs::write(scene.path(), line("c", 1)).unwrap();
    assert_eq!(scene.counts(), (1, 1));
    // In place, and longer than before.
    fs::write(scene.path(), line("d", 2) + &line("e", 2) + &line("f", 2)).unwrap();
    assert_eq!(scene.counts(), (3, 6));
    // Another file of its name.
    let next = scene.folder.path().join("next");
    fs::write(
        &next,
        line("g", 1) + &line("h", 1) + &line("i", 1) + &line("j", 1),
    )
    .unwrap();
    fs::rename(&next, scene.path()).unwrap();
    assert_eq!(scene.counts(), (4, 4));
}

#[test]
fn agents_that_an_agent_runs_count_with_it() {
    let mut scene = Scene::new();
    scene.append(&line("a", 5));
    let below = scene.folder.path().join("s/subagents");
    fs::create_dir_all(&below).unwrap();
    fs::write(below.join("agent-1.jsonl"), line("b", 6)).unwrap();
    fs::write(below.join("agent-1.meta.json"), line("c", 6)).unwrap();
    assert_eq!(scene.counts(), (2, 11));
    scene.sessions.clear();
    assert_eq!(scene.counts(), (0, 0));
    assert!(
        scene.files.is_empty(),
        "nothing is kept of what nobody follows"
    );
}

#[test]
fn a_large_transcript_is_read_once_and_in_little_memory() {
    let mut scene = Scene::new();
    let block: String = (0..500).map(|at| line(&format!("m{at}"), 1)).collect();
    let filler = format!(
        "{{\"type\":\"user\",\"message\":{{\"content\":\"{}\"}}}}\n",
        "x".repeat(5 << 20)
    );
    {
        let mut file = File::create(scene.path()).unwrap();
        for _ in 0..4 {
            file.write_all(block.as_bytes()).unwrap();
            file.write_all(filler.as_bytes()).unwrap();
        }
    }
    let (requests, _) = scene.counts();
    assert_eq!(requests, 4 * 500);
    let length = fs::metadata(scene.path()).unwrap().len();
    assert_eq!(scene.read_bytes(), length);
    scene.append(&line("last", 3));
    assert_eq!(scene.counts().0, 4 * 500 + 1);
    // What was read before is not read again: where it stood there is nothing any more, and nobody notices.
    let file = OpenOptions::new().write(true).open(scene.path()).unwrap();
    file.write_all_at(&[b' '; 4096], 0).unwrap();
    scene.append(&line("very last", 3));
    assert_eq!(scene.counts().0, 4 * 500 + 2);
}

#[test]
fn five_hundred_megabytes_are_read_at_once_and_only_once() {
    const LENGTH: u64 = 500 << 20;
    let mut scene = Scene::new();
    scene.append(&line("a", 5));
    // Nothing is on the disk for what is between: a line that is far too long.
    let file = OpenOptions::new().write(true).open(scene.path()).unwrap();
    file.set_len(LENGTH).unwrap();
    scene.append(&format!("\n{}", line("b", 7)));
    assert_eq!(scene.counts(), (2, 12));
    assert!(scene.read_bytes() > LENGTH);
    scene.append(&line("c", 1));
    assert_eq!(scene.counts(), (3, 13));
}

#[test]
fn what_is_no_file_is_not_opened() {
    let mut scene = Scene::new();
    fs::create_dir(scene.path()).unwrap();
    assert_eq!(scene.counts(), (0, 0));
}

#[test]
fn prices_of_files_come_before_those_that_are_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(PRICES);
    let files = [folder.path().join("none.toml"), path.clone()];
    let date = || prices(&files).map(|prices| prices.date().to_owned());
    let built_in = date().unwrap();
    fs::write(
        &path,
        "date = \"today\"\n[[model]]\nname = \"m\"\ninput = 1\noutput = 2\n",
    )
    .unwrap();
    assert_ne!(date().unwrap(), built_in);
    let long = format!(
        "date = \"today\"\n{}",
        "# comment\n".repeat(LONGEST_PRICES / 10)
    );
    fs::write(&path, long).unwrap();
    let error = date().unwrap_err().to_string();
    assert!(
        error.contains("prices.toml: it is longer than 262144 bytes"),
        "{error}"
    );
    for bad in [
        "date = 5",
        "date = \"x\"\n[[model]]\nname = \"m\"\ninput = -1.0\noutput = 2.0\n",
    ] {
        fs::write(&path, bad).unwrap();
        let error = date().unwrap_err().to_string();
        assert!(error.contains("prices.toml"), "{error}");
    }
}
