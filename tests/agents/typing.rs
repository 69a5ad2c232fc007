//! Prompts and answers for agents in panes of a real tmux.

use std::fs;
use std::path::PathBuf;

use muxwire::hub::{Next, Reader};
use muxwire::ids::PaneId;
use muxwire::model::ChangeKind;
use serde_json::{Value, json};

use super::stage::{Fake, Stage, Watching};
use crate::rest::stage::exchange;
use crate::support::program::Run;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{
    Program, SOON, any_program, for_each_version_at_once_async, wait_until, wait_until_async,
};

/// An agent with a composer, and a client that types for it.
struct Desk {
    stage: Stage,
    watching: Watching,
    fake: Fake,
    pane: PaneId,
    log: PathBuf,
    client: Client,
    reader: Reader,
    printed: Vec<u8>,
}

impl Desk {
    /// The agent is ready.
    async fn start(program: &Program) -> Self {
        let mut stage = Stage::new(program);
        let watching = Watching::start(&stage).await;
        let (fake, log) = stage.composer("claude");
        let pane = stage.session("work", &fake.command);
        let client = watching.asker().await;
        let desk = Self {
            reader: watching.bridge.hub.reader(),
            printed: Vec::new(),
            stage,
            watching,
            fake,
            pane,
            log,
            client,
        };
        desk.comes_to("ready").await;
        desk
    }

    /// Waits until the agent is said to be so.
    async fn comes_to(&self, status: &str) -> Value {
        let pane = self.pane;
        let is = |state: &muxwire::model::State| {
            let agent = state.agents.get(&pane);
            agent.is_some_and(|agent| agent.status.name() == status)
        };
        let state = self.watching.bridge.until(status, is).await;
        let dialog = state.agents[&pane].dialog.as_ref();
        dialog.map_or(Value::Null, |dialog| json!(dialog.fingerprint))
    }

    async fn prompt(&mut self, text: &str, more: Value) -> Value {
        let mut request = json!({"action": "prompt", "id": 1, "target": {"pane": self.pane.to_string()}, "text": text});
        let more = more.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(more);
        self.client.ask(request, "prompt.response").await
    }

    async fn answer(&mut self, dialog: &Value, choice: Value) -> Value {
        let target = json!({"pane": self.pane.to_string()});
        let request =
            json!({"action": "answer", "target": target, "dialog": dialog, "choice": choice});
        self.client.ask(request, "answer.response").await
    }

    /// What the agent was given.
    fn given(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits until the pane has printed a text, as the log says.
    async fn shows(&mut self, text: &str) {
        let printed = async {
            while !String::from_utf8_lossy(&self.printed).contains(text) {
                self.reader.readable().await;
                while let Next::Event(event) = self.reader.pull() {
                    if let ChangeKind::PaneOutput { bytes, .. } = &event.change.kind {
                        self.printed.extend_from_slice(bytes);
                    }
                }
            }
        };
        let printed = tokio::time::timeout(SOON, printed).await;
        printed.unwrap_or_else(|_| panic!("{text:?} was not printed"));
        self.printed.clear();
    }

    async fn end(self) {
        self.watching.stop().await;
    }
}

/// What an answer says beside its type and its pane.
fn told(answer: &Value) -> Value {
    let names = [
        "submitted",
        "answered",
        "evidence",
        "reason",
        "left",
        "left_seen",
    ];
    let fields = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), answer.get(name)?.clone())));
    Value::Object(fields.collect())
}

#[test]
fn prompts_are_submitted_whole_and_proven() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        let long = "word ".repeat(300);
        let lines = "first\nsecond\n\tthird";
        let pasted = "1\n2\n3\n4\n5";
        for (at, text) in [
            "say hello",
            lines,
            pasted,
            &long,
            "it's \"#{pid}\" $HOME; C-c",
        ]
        .into_iter()
        .enumerate()
        {
            desk.fake.say("work-next");
            let answer = desk.prompt(text, json!({})).await;
            assert_eq!(answer["pane"], desk.pane.to_string());
            let proven = json!({"submitted": true, "evidence": "busy"});
            assert_eq!(told(&answer), proven, "{answer}");
            assert_eq!(desk.given().get(at), Some(&json!({"prompt": text})));
            assert_eq!(answer["status"], "busy", "{answer}");
            desk.fake.say("idle");
            desk.comes_to("ready").await;
        }
        desk.end().await;
    });
}

#[test]
fn what_speaks_against_a_prompt_is_said_and_nothing_is_typed() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        desk.fake.say("busy");
        desk.comes_to("busy").await;
        let answer = desk.prompt("say hello", json!({})).await;
        assert_eq!(told(&answer), json!({"submitted": false, "reason": "busy"}));
        desk.fake.say("idle");
        desk.comes_to("ready").await;
        desk.fake.say("ask rm -r build");
        let dialog = desk.comes_to("waiting").await;
        let answer = desk.prompt("say hello", json!({})).await;
        assert_eq!(
            told(&answer),
            json!({"submitted": false, "reason": "dialog"})
        );
        assert_eq!(
            (&answer["dialog"], &answer["status"]),
            (&dialog, &json!("waiting"))
        );
        let shell = desk.stage.session("shell", "exec sh");
        let gone = desk
            .watching
            .bridge
            .until("the shell", |state| state.panes.contains_key(&shell));
        gone.await;
        let target = json!({"pane": shell.to_string()});
        let request = json!({"action": "prompt", "target": target, "text": "ls"});
        let answer = desk.client.ask(request, "prompt.response").await;
        assert_eq!(
            told(&answer),
            json!({"submitted": false, "reason": "no_agent"})
        );
        let request = json!({"action": "prompt", "target": {"pane": "%99"}, "text": "ls"});
        assert_eq!(desk.client.refused(request).await, "NOT_FOUND");
        assert_eq!(desk.given(), [Value::Null; 0]);
        desk.end().await;
    });
}

#[test]
fn somebodys_draft_is_left_alone() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        let pane = desk.pane.to_string();
        desk.stage
            .tmux
            .run(["send-keys", "-t", &pane, "-l", "a draft"]);
        desk.shows("a draft").await;
        let answer = desk.prompt("say hello", json!({})).await;
        assert_eq!(
            told(&answer),
            json!({"submitted": false, "reason": "draft"})
        );
        let screen = desk.stage.tmux.run(["capture-pane", "-p", "-t", &pane]);
        assert!(screen.contains("\u{276f} a draft\n"), "{screen}");
        assert_eq!(desk.given(), [Value::Null; 0]);
        desk.end().await;
    });
}

#[test]
fn an_agent_that_works_keeps_a_prompt_for_later_if_that_is_wanted() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        desk.fake.say("busy");
        desk.comes_to("busy").await;
        let answer = desk.prompt("then this", json!({"queue": true})).await;
        let queued = json!({"submitted": false, "reason": "queued", "left": "", "left_seen": true});
        assert_eq!(told(&answer), queued, "{answer}");
        assert_eq!(desk.given(), [Value::Null; 0]);
        desk.fake.say("idle");
        wait_until_async("it is taken", SOON, || {
            desk.given() == [json!({"prompt": "then this"})]
        })
        .await;
        desk.end().await;
    });
}

#[test]
fn prompts_and_answers_are_given_over_http_too() {
    for_each_version_at_once_async(async |program| {
        let desk = Desk::start(&program).await;
        let address = desk.watching.address();
        let target = json!({"pane": desk.pane.to_string()});
        let post = async |path: &str, body: Value| {
            let request = format!("POST {path}");
            let asked = move || exchange(address, &request, "", &body.to_string()).json();
            tokio::task::spawn_blocking(asked).await.unwrap()
        };
        desk.fake.say("work-next");
        let answer = post(
            "/api/prompt",
            json!({"target": target, "text": "say hello"}),
        )
        .await;
        assert_eq!(answer["type"], "prompt.response", "{answer}");
        assert_eq!(answer["submitted"], true, "{answer}");
        assert_eq!(desk.given(), [json!({"prompt": "say hello"})]);
        desk.fake.say("idle");
        desk.comes_to("ready").await;
        desk.fake.say("ask rm -r build");
        let dialog = desk.comes_to("waiting").await;
        let ask = move || exchange(address, "GET /api/agents?statuses=waiting", "", "").json();
        let listed = tokio::task::spawn_blocking(ask).await.unwrap();
        let agent = &listed["agents"][0];
        assert_eq!(agent["pane"], desk.pane.to_string(), "{listed}");
        assert_eq!(agent["agent"]["dialog"]["fingerprint"], dialog, "{listed}");
        let asked = json!({"target": target, "dialog": dialog, "choice": "no"});
        let answer = post("/api/answer", asked).await;
        assert_eq!(answer["type"], "answer.response", "{answer}");
        assert_eq!(
            told(&answer),
            json!({"answered": true, "evidence": "dialog"})
        );
        desk.end().await;
    });
}

#[test]
fn a_dialog_that_comes_with_the_text_gets_no_enter() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        desk.fake.say("trap rm -r build");
        desk.shows("Now trapped.").await;
        let answer = desk.prompt("say hello", json!({})).await;
        let dialog = json!({"submitted": false, "reason": "dialog", "left": "say hello", "left_seen": false});
        assert_eq!(told(&answer), dialog, "{answer}");
        assert_eq!(desk.given(), [Value::Null; 0]);
        let answer = desk.answer(&answer["dialog"], json!("no")).await;
        assert_eq!(
            told(&answer),
            json!({"answered": true, "evidence": "dialog"})
        );
        assert_eq!(desk.given(), [json!({"asked": "rm -r build", "chosen": 3})]);
        // What was left is where it was said to be.
        desk.shows("say hello").await;
        desk.end().await;
    });
}

#[test]
fn an_enter_that_does_not_submit_is_found_out_and_the_text_is_taken_out() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        desk.fake.say("deaf");
        desk.shows("Now deaf.").await;
        let answer = desk.prompt("one\ntwo", json!({"timeout_ms": 1000})).await;
        let taken_out =
            json!({"submitted": false, "reason": "not_taken", "left": "", "left_seen": true});
        assert_eq!(told(&answer), taken_out, "{answer}");
        assert_eq!(desk.given(), [Value::Null; 0]);
        desk.end().await;
    });
}

#[test]
fn an_answer_is_for_the_dialog_that_it_names_and_no_other() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        desk.fake.say("ask make install");
        let first = desk.comes_to("waiting").await;
        let none = desk.answer(&first, json!(7)).await;
        assert_eq!(
            told(&none),
            json!({"answered": false, "reason": "no_choice"})
        );
        let answer = desk.answer(&first, json!(2)).await;
        assert_eq!(
            told(&answer),
            json!({"answered": true, "evidence": "dialog"})
        );
        desk.comes_to("ready").await;
        let late = desk.answer(&first, json!(2)).await;
        assert_eq!(
            told(&late),
            json!({"answered": false, "reason": "no_dialog"})
        );
        // It asks the same once more: what was meant for the first is not for this one.
        desk.fake.say("ask make install");
        let second = desk.comes_to("waiting").await;
        assert_ne!(first, second);
        let late = desk.answer(&first, json!(1)).await;
        assert_eq!(
            told(&late),
            json!({"answered": false, "reason": "other_dialog"})
        );
        let given = [json!({"asked": "make install", "chosen": 2})];
        assert_eq!(desk.given(), given);
        desk.end().await;
    });
}

#[test]
fn a_prompt_that_is_repeated_with_its_key_is_typed_once() {
    for_each_version_at_once_async(async |program| {
        let mut desk = Desk::start(&program).await;
        let first = desk.prompt("say hello", json!({"key": "k"})).await;
        desk.comes_to("ready").await;
        let again = desk.prompt("say hello", json!({"key": "k"})).await;
        assert_eq!(told(&first), told(&again));
        assert_eq!(again["repeated"], true);
        assert_eq!(desk.given(), [json!({"prompt": "say hello"})]);
        // Of what was not typed nothing is kept.
        desk.fake.say("busy");
        desk.comes_to("busy").await;
        let busy = desk.prompt("more", json!({"key": "b"})).await;
        assert_eq!(told(&busy), json!({"submitted": false, "reason": "busy"}));
        desk.fake.say("idle");
        desk.comes_to("ready").await;
        desk.fake.say("work-next");
        let done = desk.prompt("more", json!({"key": "b"})).await;
        assert_eq!(told(&done), json!({"submitted": true, "evidence": "busy"}));
        desk.end().await;
    });
}

#[test]
fn without_a_source_of_agents_it_is_said() {
    for_each_version_at_once_async(async |program| {
        let stage = Stage::new(&program);
        let pane = stage.session("shell", "exec sh");
        let bridge = crate::support::bridge::LiveBridge::start(stage.tmux.tmux().await);
        bridge.settled().await;
        let served = bridge.serve().await;
        let mut client = served.client().await;
        let request =
            json!({"action": "prompt", "target": {"pane": pane.to_string()}, "text": "ls"});
        let answer = client.ask(request, "prompt.response").await;
        assert_eq!(
            told(&answer),
            json!({"submitted": false, "reason": "not_watched"})
        );
        bridge.stop().await;
    });
}

/// Runs the program as a client, and gives its exit code and what it prints.
fn muxwire(serving: &Serving, args: &[&str]) -> (Option<i32>, String) {
    let url = format!("ws://{}/monitor", serving.address);
    let mut command = serving.home.muxwire(args.iter().copied());
    let run = Run::of(command.args(["--url", &url]));
    (run.code, run.stdout + &run.stderr)
}

#[test]
fn the_program_sends_and_prompts_with_exit_codes() {
    let mut stage = Stage::new(any_program());
    let (fake, log) = stage.composer("claude");
    let pane = stage.session("work", &fake.command).to_string();
    let serving = Serving::start_with(&stage.tmux, &["--no-auth"], &[]);
    let given = || fs::read_to_string(&log).unwrap_or_default();
    let says = |args: &[&str], code: i32, text: &str| {
        let (found, printed) = muxwire(&serving, args);
        assert_eq!(found, Some(code), "{args:?}: {printed}");
        assert!(printed.contains(text), "{args:?}: {printed}");
    };
    wait_until("the agent is ready", SOON, || {
        serving.get("/metrics").contains("\nmuxwire_agents 1\n")
    });
    wait_until("it takes a prompt", SOON, || {
        let (code, _) = muxwire(&serving, &["prompt", "claude", "say hello", "--wait"]);
        code == Some(0)
    });
    assert!(given().contains("say hello"), "{}", given());
    says(&["prompt", "%99", "x"], 3, "there is no pane");
    says(
        &["prompt", &pane, "x", "--timeout", "2m"],
        2,
        "from 1s to 60s",
    );
    says(&["prompt", &pane, "\u{1b}[A"], 1, "control characters");
    fake.say("ask rm -r build");
    let waits = || {
        stage
            .tmux
            .run(["capture-pane", "-p", "-t", &pane])
            .contains("proceed")
    };
    wait_until("it asks", SOON, waits);
    wait_until("that is known", SOON, || {
        let (code, printed) = muxwire(&serving, &["prompt", &pane, "then this"]);
        code == Some(5) && printed.contains("not submitted (dialog)")
    });
    says(&["send", "work", "--keys", "Down", "Enter"], 0, "");
    wait_until("it is answered", SOON, || {
        given().contains(r#""chosen": 2"#)
    });
    says(&["send", &pane, "typed"], 0, "");
    let shows = || {
        stage
            .tmux
            .run(["capture-pane", "-p", "-t", &pane])
            .contains("typed")
    };
    wait_until("it is typed", SOON, shows);
    wait_until("the draft is respected", SOON, || {
        let (code, printed) = muxwire(&serving, &["prompt", &pane, "more", "--json"]);
        code == Some(5) && printed.contains(r#""reason": "draft""#)
    });
    says(&["send", &pane, " and sent", "--enter"], 0, "");
    wait_until("it is sent", SOON, || given().contains("typed and sent"));
    stage.tmux.run(["copy-mode", "-t", &pane]);
    says(&["send", &pane, "x"], 5, "copy-mode");
    says(&["send", &pane], 2, "TEXT");
}
