//! Which agent is in a pane, from its process tree.
//!
//! tmux names what is in the foreground, which is `bash` while an agent's tool runs and `node` for every agent that Node
//! runs. The tree below the pane's first process has the agent itself, and only that tree counts: processes of other
//! panes, and what an agent starts for itself, are no agents of this pane.

use std::collections::HashSet;

use super::expression::Expression;

/// The most processes of a pane that are looked at; trees of builds are larger, but the agent is near the root.
pub(super) const MOST_PROCESSES: usize = 4096;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// The name that the kernel gives it.
    pub name: String,
    /// Its arguments, the program's first.
    pub arguments: Vec<String>,
    /// When it was started, in the kernel's clock ticks since boot, if that is known.
    pub started: Option<u64>,
    /// Whether it is in the terminal's foreground group, if that is known.
    pub foreground: Option<bool>,
}

/// How an agent's process is known.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// Names of programs: what the first argument's last part, or the kernel's name, is.
    pub names: Vec<String>,
    /// What the joined arguments match, for agents that an interpreter runs.
    pub arguments: Vec<Expression>,
    /// What the joined arguments of helpers match, which are no agents although their names say so.
    pub except: Vec<Expression>,
}

impl Identity {
    /// Whether this process is the agent.
    #[must_use]
    pub fn is(&self, process: &Process) -> bool {
        if is_shim(process) {
            return false;
        }
        let joined = joined(&process.arguments);
        if self.except.iter().any(|regex| regex.is_match(&joined)) {
            return false;
        }
        let called = process.arguments.first().map_or("", |first| program(first));
        self.names
            .iter()
            .any(|name| name == called || *name == process.name)
            || self.arguments.iter().any(|regex| regex.is_match(&joined))
    }
}

/// Whether this is `muxwire run`, which stands between a pane and an agent, and whose arguments name that one.
fn is_shim(process: &Process) -> bool {
    let [first, arguments @ ..] = &process.arguments[..] else {
        return false;
    };
    let mut own = arguments.iter().take_while(|argument| *argument != "--");
    program(first) == "muxwire" && own.any(|argument| argument == "run")
}

/// The last part of a program's path, without what Windows and Node put behind it.
fn program(path: &str) -> &str {
    let last = path.rsplit('/').next().unwrap_or(path);
    // A login shell's name begins with a dash.
    last.trim_start_matches('-')
}

/// The arguments as one text, without what is too long to be looked at.
fn joined(arguments: &[String]) -> String {
    const LONGEST: usize = 4096;
    let mut joined = String::new();
    for argument in arguments {
        if joined.len() + argument.len() > LONGEST {
            break;
        }
        joined.push_str(argument);
        joined.push(' ');
    }
    joined.trim_end().to_owned()
}

/// The process that `is_agent` knows and that is nearest to the root, the foreground first.
///
/// An agent that another one runs as a tool is deeper, and so is a helper.
pub(super) fn find<Kind>(
    root: u32,
    processes: &[Process],
    is_agent: impl Fn(&Process) -> Option<Kind>,
) -> Option<(Kind, &Process)> {
    let processes = &processes[..processes.len().min(MOST_PROCESSES)];
    let mut level: Vec<&Process> = processes
        .iter()
        .filter(|process| process.pid == root)
        .collect();
    let mut seen: HashSet<u32> = HashSet::new();
    while !level.is_empty() {
        // What is known to be in the background comes last; of equals the first one.
        level.sort_by_key(|process| process.foreground == Some(false));
        let found = level
            .iter()
            .find_map(|process| Some((is_agent(process)?, *process)));
        if found.is_some() {
            return found;
        }
        seen.extend(level.iter().map(|process| process.pid));
        let parents: HashSet<u32> = level.iter().map(|process| process.pid).collect();
        level = processes
            .iter()
            .filter(|process| parents.contains(&process.parent) && !seen.contains(&process.pid))
            .collect();
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn process(pid: u32, parent: u32, arguments: &str) -> Process {
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        Process {
            pid,
            parent,
            name: program(&arguments[0]).to_owned(),
            arguments,
            started: None,
            foreground: None,
        }
    }

    fn identities() -> Vec<(&'static str, Identity)> {
        let regexes = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| Expression::new(text).unwrap())
                .collect()
        };
        let identity = |names: &[&str], arguments: &[&str], except: &[&str]| Identity {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            arguments: regexes(arguments),
            except: regexes(except),
        };
        vec![
            (
                "claude",
                identity(&["claude"], &["claude-code/cli"], &[r"\bmcp serve\b"]),
            ),
            ("codex", identity(&["codex"], &[], &["app-server"])),
            ("gemini", identity(&[], &["gemini-cli"], &[])),
        ]
    }

    #[track_caller]
    fn check(processes: &[Process], expected: Option<(&str, u32)>) {
        let known = identities();
        let kind = |process: &Process| {
            known
                .iter()
                .find(|(_, identity)| identity.is(process))
                .map(|(name, _)| *name)
        };
        let found = find(1, processes, kind).map(|(name, process)| (name, process.pid));
        assert_eq!(found, expected);
    }

    #[test]
    fn an_agent_is_found_though_its_command_says_bash_or_node() {
        let shell = process(1, 0, "-bash");
        check(
            &[
                shell.clone(),
                process(2, 1, "/opt/bin/claude --resume"),
                process(3, 2, "bash -c sleep"),
                process(4, 3, "sleep 8"),
            ],
            Some(("claude", 2)),
        );
        check(
            &[
                shell.clone(),
                process(2, 1, "node /x/@google/gemini-cli/bundle/gemini.js"),
                process(3, 2, "node /x/@google/gemini-cli/bundle/gemini.js"),
            ],
            Some(("gemini", 2)),
        );
        check(&[process(1, 0, "claude")], Some(("claude", 1)));
        check(&[shell], None);
    }

    #[test]
    fn a_shim_is_no_agent_and_the_one_behind_it_is() {
        let node = "node /x/claude-code/cli.js";
        check(
            &[
                process(1, 0, "-bash"),
                process(2, 1, &format!("muxwire run -- {node}")),
                process(
                    3,
                    2,
                    &format!("muxwire run --stage monitor --outer /dev/pts/1 -- {node}"),
                ),
                process(4, 3, node),
            ],
            Some(("claude", 4)),
        );
        check(
            &[process(
                1,
                0,
                "/opt/bin/muxwire --log-level off run -- node /x/claude-code/cli.js",
            )],
            None,
        );
    }

    #[test]
    fn sibling_panes_and_helpers_are_not_mistaken_for_agents() {
        let shell = process(1, 0, "bash");
        // The agent of another pane is no child of this one's shell.
        check(&[shell.clone(), process(7, 6, "claude")], None);
        check(&[shell.clone(), process(2, 1, "claude mcp serve")], None);
        check(
            &[shell.clone(), process(2, 1, "codex app-server --x")],
            None,
        );
        check(&[shell.clone(), process(2, 1, "vim claude.md")], None);
        // An agent that runs another one as a tool stays the agent of the pane.
        check(
            &[
                shell,
                process(2, 1, "claude"),
                process(3, 2, "codex exec x"),
            ],
            Some(("claude", 2)),
        );
    }

    #[test]
    fn what_is_in_the_foreground_is_preferred() {
        let background = Process {
            foreground: Some(false),
            ..process(2, 1, "claude")
        };
        let foreground = Process {
            foreground: Some(true),
            ..process(3, 1, "codex")
        };
        check(
            &[process(1, 0, "bash"), background, foreground],
            Some(("codex", 3)),
        );
    }

    #[test]
    fn a_tree_that_leads_in_a_circle_ends() {
        check(&[process(1, 2, "bash"), process(2, 1, "sh")], None);
    }
}
