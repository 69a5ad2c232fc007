//! Plays a scenario: the server on the one side of the Rust client, the program on the other.

use std::collections::HashMap;

use muxwire::client::{Endpoint, Token, Watcher, Wish};
use muxwire::wire::{Action, Request, RequestId};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::fake::{Connection, Fake, Said};
use super::follow::Follow;
use super::scenario::{Fields, Scenario, filled, lines, object};
use crate::support::SOON;

pub struct Play<'a> {
    scenario: &'a Scenario,
    fake: Fake,
    follow: Follow,
    connection: Option<Connection>,
    /// The id of the last message that was expected, and of those that were named.
    last_id: Option<Value>,
    ids: HashMap<String, Option<Value>>,
    same: HashMap<String, Value>,
    asked: Vec<String>,
}

/// Plays it, and says at which step it failed.
pub async fn run(scenario: &Scenario) -> Result<(), String> {
    let mut play = Play::begin(scenario).await;
    for (at, step) in scenario.steps.iter().enumerate() {
        let shown: String = Value::from(step.clone()).to_string();
        let failed = |why: String| format!("{}: step {at}, {shown}: {why}", scenario.about);
        match timeout(SOON, play.step(step)).await {
            Ok(outcome) => outcome.map_err(failed)?,
            Err(_) => return Err(failed("it takes too long".to_owned())),
        }
    }
    play.end().await;
    let left = &play.follow.items;
    match left.is_empty() {
        true => Ok(()),
        false => Err(format!("{}: these are left: {left:?}", scenario.about)),
    }
}

/// Fields that are named have these values, also in objects within.
fn has(value: &Value, expected: &Value) -> bool {
    match (value, expected) {
        (Value::Object(fields), Value::Object(expected)) => expected
            .iter()
            .all(|(name, expected)| fields.get(name).is_some_and(|field| has(field, expected))),
        _ => value == expected,
    }
}

fn check(holds: bool, found: impl std::fmt::Debug) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("found {found:?}"))
    }
}

impl<'a> Play<'a> {
    async fn begin(scenario: &'a Scenario) -> Self {
        let fake = Fake::start().await;
        let wish = wish(&scenario.part);
        let since = wish.since.clone();
        let token = scenario.client.get("token").and_then(Value::as_str);
        let token = token.map(|token| Token::new(token.to_owned()));
        let endpoint: Endpoint = format!("ws://{}", fake.address).parse().unwrap();
        let watcher = Watcher::new(endpoint, wish, token).with_random(|| 0);
        Self {
            scenario,
            fake,
            follow: Follow::start(watcher, since),
            connection: None,
            last_id: None,
            ids: HashMap::new(),
            same: HashMap::new(),
            asked: Vec::new(),
        }
    }

    /// All that the client has told is looked at.
    async fn end(&mut self) {
        self.follow.stop();
        while self.follow.end.is_none() {
            self.follow.hear().await;
        }
    }

    fn there(&mut self) -> &mut Connection {
        self.connection.as_mut().unwrap()
    }

    async fn step(&mut self, step: &Fields) -> Result<(), String> {
        for (kind, value) in step {
            return match kind.as_str() {
                "let_in" => self.let_in(value).await,
                "accept" => self.accept(value).await,
                "send" => self.send(&filled(value)).await,
                "send_text" => self.send_text(value.as_str().unwrap()).await,
                "send_lines" => self.send_lines(value.as_str().unwrap()).await,
                "expect" => self.expect(value, step.get("as")).await,
                "reply" => self.reply(value, step.get("to")).await,
                "close" => self.close(value, step.get("reason")).await,
                "cut" => {
                    self.connection = None;
                    Ok(())
                }
                "closed" => self.closed(value).await,
                "yields" => self.yields(value.as_array().unwrap(), false).await,
                "yields_lines" => self.yields(&lines(value.as_str().unwrap()), true).await,
                "ends" | "fails" => self.ends(value).await,
                "cursor" => self.cursor(value).await,
                "reports" => self.reports(value).await,
                "ask" => self.ask(value, &step["as"]).await,
                "answer" => self.answer(value, &step["of"]).await,
                "stop" => {
                    self.follow.stop();
                    Ok(())
                }
                "as" | "of" | "to" | "reason" => continue,
                other => Err(format!("the Rust client can't do {other}")),
            };
        }
        Err("a step of an unknown kind".to_owned())
    }

    async fn let_in(&mut self, value: &Value) -> Result<(), String> {
        let mut how = value.as_object().unwrap().clone();
        let token = how.remove("token");
        let hello = object(how.remove("hello"));
        let auth = how.remove("auth").unwrap_or_else(|| json!({}));
        self.accept(&Value::from(how)).await?;
        let is_asked = auth != json!(false);
        let mut greeting = json!({"type": "hello", "protocol": 1, "server": "muxwire/0.1.0", "host": "h", "epoch": "e1",
            "seq": 5, "auth_required": is_asked, "features": []});
        greeting.as_object_mut().unwrap().extend(hello);
        self.send(&greeting).await?;
        let mut is_in = true;
        if is_asked {
            let token = token.or_else(|| self.scenario.client.get("token").cloned());
            let expected = json!({"action": "auth", "token": token});
            self.expect(&expected, None).await?;
            let mut response = json!({"type": "auth.response", "success": true, "permissions": ["read", "write"], "client_id": "c1"});
            let fields = response.as_object_mut().unwrap();
            fields.extend(object(Some(auth)));
            is_in = fields["success"] == json!(true);
            self.reply(&response, None).await?;
        }
        // Where only the link matters, the Rust client follows all events.
        if is_in && self.scenario.part.is_empty() {
            self.subscribed().await?;
        }
        Ok(())
    }

    async fn subscribed(&mut self) -> Result<(), String> {
        let said = self.there().said().await;
        let Said::Text(text) = &said else {
            return Err(format!("the client said {said:?}"));
        };
        let message: Value = serde_json::from_str(text).unwrap();
        check(message["action"] == "subscribe", &message)?;
        let answer = json!({"type": "subscribed", "epoch": "e1", "seq": 5, "cursor": "1.e1.5"});
        self.send(&answer).await
    }

    async fn accept(&mut self, value: &Value) -> Result<(), String> {
        let connection = self.fake.accept().await;
        let path = value.get("path").and_then(Value::as_str);
        check(
            connection.path == path.unwrap_or("/monitor"),
            &connection.path,
        )?;
        if let Some(offers) = value.get("offers") {
            check(json!(connection.offers) == *offers, &connection.offers)?;
        }
        self.connection = Some(connection);
        Ok(())
    }

    async fn send(&mut self, message: &Value) -> Result<(), String> {
        self.send_text(&message.to_string()).await
    }

    async fn send_text(&mut self, text: &str) -> Result<(), String> {
        self.there().send(text).await;
        Ok(())
    }

    async fn send_lines(&mut self, file: &str) -> Result<(), String> {
        for line in lines(file) {
            self.send(&line).await?;
        }
        Ok(())
    }

    async fn expect(&mut self, expected: &Value, name: Option<&Value>) -> Result<(), String> {
        loop {
            let said = self.there().said().await;
            let Said::Text(text) = &said else {
                return Err(format!("the client said {said:?}"));
            };
            let mut message: Value = serde_json::from_str(text).unwrap();
            let passed = ["ack", "ping"].map(|action| message["action"] == action);
            if passed.contains(&true) && message["action"] != expected["action"] {
                continue;
            }
            let id = message.get("id").cloned();
            if expected.get("id").is_none() {
                message.as_object_mut().unwrap().remove("id");
            }
            let expected = self.resolved(&message, expected);
            check(message == expected, &message)?;
            self.last_id.clone_from(&id);
            if let Some(name) = name {
                self.ids.insert(name.as_str().unwrap().to_owned(), id);
            }
            return Ok(());
        }
    }

    /// What is expected, with what `$same` stands for.
    fn resolved(&mut self, value: &Value, expected: &Value) -> Value {
        let Some(fields) = expected.as_object() else {
            return expected.clone();
        };
        if let Some(name) = fields.get("$same") {
            let name = name.as_str().unwrap().to_owned();
            return self
                .same
                .entry(name)
                .or_insert_with(|| value.clone())
                .clone();
        }
        let resolved = fields
            .iter()
            .map(|(name, field)| (name.clone(), self.resolved(&value[name], field)));
        Value::Object(resolved.collect())
    }

    async fn reply(&mut self, message: &Value, to: Option<&Value>) -> Result<(), String> {
        let id = match to {
            Some(name) => self.ids[name.as_str().unwrap()].clone(),
            None => self.last_id.clone(),
        };
        let mut message = message.clone();
        if let Some(id) = id {
            message["id"] = id;
        }
        self.send(&message).await
    }

    async fn close(&mut self, code: &Value, reason: Option<&Value>) -> Result<(), String> {
        let code = code.as_u64().unwrap().try_into().unwrap();
        let reason = reason.and_then(Value::as_str).unwrap_or_default();
        self.there().close(code, reason).await;
        Ok(())
    }

    async fn closed(&mut self, code: &Value) -> Result<(), String> {
        loop {
            if let Said::Closed(with) = self.there().said().await {
                return check(json!(with) == *code, with);
            }
        }
    }

    async fn yields(&mut self, items: &[Value], is_whole: bool) -> Result<(), String> {
        for expected in items {
            while self.follow.items.is_empty() {
                check(self.follow.end.is_none(), &self.follow.end)?;
                self.follow.hear().await;
            }
            let item = self.follow.items.pop_front().unwrap();
            let is_same = if is_whole {
                item == *expected
            } else {
                has(&item, expected)
            };
            check(is_same, &item)?;
        }
        Ok(())
    }

    async fn ends(&mut self, why: &Value) -> Result<(), String> {
        while self.follow.end.is_none() {
            self.follow.hear().await;
        }
        check(self.follow.end.as_deref() == why.as_str(), &self.follow.end)
    }

    async fn cursor(&self, expected: &Value) -> Result<(), String> {
        let position = self.follow.position().await;
        let found = position.map(|one| json!({"epoch": one.epoch.as_str(), "seq": one.seq.0}));
        check(found.as_ref() == Some(expected), &found)
    }

    async fn reports(&mut self, expected: &Value) -> Result<(), String> {
        loop {
            while let Some(report) = self.follow.reports.pop_front() {
                if report["type"] == expected["type"] {
                    return check(has(&report, expected), &report);
                }
            }
            self.follow.hear().await;
        }
    }

    /// The Rust client sends what is asked while its connection stands.
    async fn ask(&mut self, message: &Value, name: &Value) -> Result<(), String> {
        while !self.follow.is_connected {
            self.follow.hear().await;
        }
        let mut request: Request =
            serde_json::from_value(message.clone()).map_err(|error| error.to_string())?;
        check(!matches!(request.action, Action::Unknown(_)), message)?;
        self.asked.push(name.as_str().unwrap().to_owned());
        request.id = Some(RequestId::from(self.asked.len() as u64));
        self.follow.ask(request);
        Ok(())
    }

    async fn answer(&mut self, expected: &Value, name: &Value) -> Result<(), String> {
        let at = self.asked.iter().position(|asked| name == asked).unwrap();
        let id = RequestId::from(at as u64 + 1);
        loop {
            let mut answers = self.follow.answers.iter();
            if let Some(answer) = answers.find(|answer| answer.request() == Some(&id)) {
                let answer: Value = serde_json::from_str(answer.text()).unwrap();
                return check(has(&answer, expected), &answer);
            }
            self.follow.hear().await;
        }
    }
}

/// What the part of a scenario wants to see.
fn wish(part: &Fields) -> Wish {
    let events = part.get("events").cloned().unwrap_or_else(|| json!({}));
    let mut wish = Wish::default();
    for (name, value) in events.as_object().unwrap() {
        match name.as_str() {
            "since" => wish.since = value.as_str().map(str::to_owned),
            "filters" => {
                for (filter, values) in value.as_object().unwrap() {
                    assert_eq!(filter, "types", "write here how the Rust client says that");
                    wish.types = serde_json::from_value(values.clone()).unwrap();
                }
            }
            other => panic!("write here how the Rust client says {other}"),
        }
    }
    wish
}
