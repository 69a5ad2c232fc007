//! What each rule hides, and what is said of one that can't be used.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use bytes::Bytes;

use super::{DEFAULTS, Fed, Redactor, Rules};

/// What is shown of a text that comes at once and then stands still.
fn shown(rules: &Arc<Rules>, text: &str) -> String {
    let mut redactor = Redactor::new(Arc::clone(rules), 0);
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let mut out = match redactor.feed(&bytes) {
        Fed::Unchanged => bytes.to_vec(),
        Fed::Changed(piece) => piece.map_or_else(Vec::new, |piece| piece.bytes.to_vec()),
    };
    out.extend(
        redactor
            .release()
            .map(|piece| piece.bytes)
            .unwrap_or_default(),
    );
    String::from_utf8(out).unwrap()
}

/// Between the bars stands what is hidden; a text without bars is shown as it is.
fn check(rules: &Arc<Rules>, marked: &str) {
    let mut expected = String::new();
    for (at, part) in marked.split('|').enumerate() {
        if at % 2 == 0 {
            expected.push_str(part);
        } else {
            let hidden = part.chars().map(|c| if c < ' ' { c } else { '*' });
            expected.extend(hidden);
        }
    }
    let text = marked.replace('|', "");
    assert_eq!(shown(rules, &text), expected, "{text:?}");
}

/// A hit and near misses of every rule that is there by itself, each alone.
#[test]
fn each_usual_rule_hides_its_keys_and_nothing_like_them() {
    const A16: &str = "ABCDEFGH12345678";
    const B20: &str = "abcdefghij0123456789";
    let keys = |lead: &str, key: &str| format!("x {lead}|{key}| y");
    let misses = |texts: &[String]| texts.join("\n");
    let short = &B20[..9];
    let rows: Vec<(&str, String, String)> = vec![
        (
            "AWS access key ids",
            keys("AKIA", A16),
            misses(&[format!("xAKIB{A16}"), "AKIA1234".into()]),
        ),
        (
            "AWS secret keys",
            format!("aws_secret_access_key = |{B20}{B20}|\nAWS_SESSION_TOKEN=\"|{B20}|\""),
            misses(&[
                "aws_secret_access_key = short".into(),
                format!("secret_access_key {B20}"),
            ]),
        ),
        (
            "GitHub tokens",
            keys("ghp_", B20) + &keys("gho_", B20),
            misses(&[format!("ghx_{B20}"), format!("ghp_{short}")]),
        ),
        (
            "GitHub fine-grained tokens",
            keys("github_pat_", B20),
            misses(&[format!("github_pat_{short}"), format!("github-pat-{B20}")]),
        ),
        (
            "GitLab tokens",
            keys("glpat-", B20),
            misses(&[format!("glpat-{short}"), format!("glxx-{B20}")]),
        ),
        (
            "Slack tokens",
            keys("xoxb-", B20),
            misses(&[format!("xoxb-{short}"), format!("xox-{B20}")]),
        ),
        (
            "Slack app tokens",
            keys("xapp-", B20),
            misses(&[format!("xapp-{short}"), format!("xapp_{B20}")]),
        ),
        (
            "Slack webhooks",
            keys("hooks.slack.com/services/", &format!("T1/B2/{B20}")),
            misses(&["hooks.slack.com/services/".into()]),
        ),
        (
            "Stripe keys",
            keys("sk_live_", B20) + &keys("rk_test_", B20),
            misses(&[format!("sk_dead_{B20}"), format!("sk_live_{short}")]),
        ),
        (
            "Stripe webhook secrets",
            keys("whsec_", B20),
            misses(&[format!("whsec_{short}")]),
        ),
        (
            "OpenAI and Anthropic keys",
            keys("sk-", B20) + &keys("sk-", &format!("ant-api03-{B20}")),
            misses(&[format!("task-{B20}"), format!("sk-{short}")]),
        ),
        (
            "Google keys",
            keys("AIza", &format!("{B20}{A16}")),
            misses(&[format!("AIza{B20}")]),
        ),
        (
            "Google OAuth tokens",
            keys("ya29.", B20),
            misses(&[format!("ya29{B20}"), format!("ya29.{short}")]),
        ),
        (
            "npm tokens",
            keys("npm_", &format!("{B20}{A16}")),
            misses(&[format!("npm_{B20}")]),
        ),
        (
            "PyPI tokens",
            keys("pypi-", &format!("{B20}{B20}{B20}")),
            misses(&[format!("pypi-{B20}")]),
        ),
        (
            "Hugging Face tokens",
            keys("hf_", &format!("{B20}{A16}")),
            misses(&[format!("hf_{B20}")]),
        ),
        (
            "muxwire tokens",
            keys(
                "mw_",
                "4fdc55l7_3nrulb6k42sskptfljd05j4eao83pe8jq3bbgg5kndjt4e4j2l90_f6d19sqt",
            ),
            misses(&["mw_4fdc55l7".into(), format!("mw_{B20}_{B20}{B20}")]),
        ),
        (
            "JSON Web Tokens",
            keys("eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
            misses(&["eyJhbGciOiJIUzI1NiJ9".into(), "keyJson.of.things".into()]),
        ),
        (
            "private keys",
            format!(
                "-----BEGIN RSA PRIVATE KEY-----|\r\nProc-Type: 4\r\n{B20}\r\n{A16}==\r\n|-----END RSA PRIVATE KEY-----"
            ),
            misses(&[
                format!("-----BEGIN CERTIFICATE-----\r\n{B20}"),
                "BEGIN PRIVATE KEY".into(),
            ]),
        ),
        (
            "authorization headers",
            "Authorization: Basic |YWxhZGRpbg==|\r\n\"authorization\": \"Bearer |abcd|\"".into(),
            misses(&[
                "authorization: none".into(),
                "reauthorization: bearer abcdef".into(),
            ]),
        ),
        (
            "bearer tokens",
            keys("Bearer ", B20),
            misses(&[format!("bearer {short}"), format!("bearer: {B20}")]),
        ),
        (
            "passwords in addresses",
            "postgres://me:|hunter2@|db:5432/x".into(),
            misses(&["http://localhost:8080/a@b".into(), "http://me@host/".into()]),
        ),
        (
            "what is called a password, a secret or a token",
            "password=|hunter2| DB_PASSWORD: \"|a-b|\" api_key='|x|' ?token=|abc|&x=1 Secret = |s|"
                .into(),
            misses(&[
                "tokens: 12".into(),
                "password hunter2".into(),
                "enter password: ".into(),
            ]),
        ),
    ];
    assert_eq!(rows.len(), DEFAULTS.len());
    for ((name, hit, miss), usual) in rows.iter().zip(DEFAULTS) {
        assert_eq!(*name, usual.name);
        let alone = Arc::new(Rules::new(usual.rules, false).unwrap());
        check(&alone, hit);
        for miss in miss.split('\n') {
            check(&alone, &format!("{miss} \r\n"));
        }
    }
}

#[test]
fn what_a_rule_hides_begins_with_its_group() {
    let rows: [(&str, &str); 12] = [
        ("hunter2", "x|hunter2|x"),
        ("pin=(?<secret>[0-9]{4})", "pin=|1234|5"),
        ("pin=(?<secret>[0-9]{4})", "pin=123 "),
        (r"pin=(?<secret>[0-9]{4}\b)", "pin=12345"),
        (r"pin=(?<secret>[0-9]{4}\b)", "pin=|1234| "),
        ("(?<secret>[0-9]+)x", "a |123x| 12 "),
        ("<(?<secret>[^>]*)>", "<|a b>|c"),
        ("(?i)ID-(?<secret>[a-f]+)", "id-|ABC|g"),
        ("^key (?<secret>.+)$", "key |a b|\r\n a key b\r\n"),
        ("käse=(?<secret>\\S+)", "käse=|gouda| "),
        ("(a|b)=(?<secret>c+)d*", "b=|ccdd|e"),
        ("(?:ab)+(?<secret>c)", "abab|c|"),
    ];
    for (rule, marked) in rows {
        check(&Arc::new(Rules::new(&[rule], false).unwrap()), marked);
    }
}

#[test]
fn a_rule_that_can_not_be_used_is_named_with_the_place_and_the_remedy() {
    let rows = [
        ("a(b", ["\"a(b\"", "character 2", "backslash"]),
        ("x[z-a]", ["\"x[z-a]\"", "character 3", "backslash"]),
        (
            "(a(?<secret>b))",
            ["(a(?<secret>b))", "another group", "by itself"],
        ),
        ("a|b(?<secret>c)", ["a|b", "a choice", "by itself"]),
        (
            "(?<secret>)",
            ["(?<secret>)", "nothing to mask", "at least one byte"],
        ),
        (
            "[0-9a-z]{1,1000}[a-f]{1,1000}x{1000}{1000}",
            ["x{1000}", "too large", "shorter repetitions"],
        ),
    ];
    for (rule, parts) in rows {
        let error = Rules::new(&[rule], false).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{rule}: {error} lacks {part}");
        }
    }
    let error = Rules::new(&vec!["a"; 257], false).unwrap_err().to_string();
    assert!(error.contains("257") && error.contains("256"), "{error}");
}

#[test]
fn the_usual_rules_take_little_memory() {
    let rules = Rules::new::<&str>(&[], true).unwrap();
    let usual: usize = DEFAULTS.iter().map(|one| one.rules.len()).sum();
    assert_eq!(rules.len(), usual);
    assert!(rules.memory() < 2 << 20, "{} bytes", rules.memory());
}

/// Keys as they look, behind every kind of character that a word may have, and behind an escaped line break.
#[test]
fn regression_keys_right_behind_a_word_are_hidden() {
    const B36: &str = "abcdefghij0123456789ABCDEFGHIJ012345";
    let keys = [
        ("AKIA", "ABCDEFGH12345678".to_owned()),
        ("ghp_", B36.to_owned()),
        ("gho_", B36.to_owned()),
        ("ghu_", B36.to_owned()),
        ("ghs_", B36.to_owned()),
        ("ghr_", B36.to_owned()),
        ("github_pat_", format!("{B36}_{B36}")),
        ("glpat-", B36[..20].to_owned()),
        ("xoxb-", "123456789012-abcdef".to_owned()),
        ("xapp-", "1-A012345-0123456789-abcdef".to_owned()),
        ("sk_live_", B36[..24].to_owned()),
        ("whsec_", B36.to_owned()),
        ("sk-ant-", format!("api03-{B36}")),
        ("sk-proj-", B36.to_owned()),
        ("sk-", format!("{B36}{}", &B36[..12])),
        ("AIza", B36.to_owned()),
        ("ya29.", B36.to_owned()),
        ("npm_", B36.to_owned()),
        ("pypi-", format!("{B36}{B36}")),
        ("hf_", B36.to_owned()),
        (
            "mw_",
            "4fdc55l7_3nrulb6k42sskptfljd05j4eao83pe8jq3bbgg5kndjt4e4j2l90_f6d19sqt".to_owned(),
        ),
        (
            "eyJ",
            "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl".to_owned(),
        ),
        ("Bearer ", B36.to_owned()),
    ];
    let rules = Arc::new(Rules::new::<&str>(&[], true).unwrap());
    for before in [
        "x", "a", "Z", "7", "_", "\\n", "\\r\\n", "\\\\n", "\\u0022", "word",
    ] {
        for (lead, key) in &keys {
            let text = format!("{before}{lead}{key} y");
            let shown = shown(&rules, &text);
            assert!(!shown.contains(&key[4..]), "{text:?} is shown as {shown:?}");
            assert!(
                shown.starts_with(before) && shown.ends_with(" y"),
                "{shown:?}"
            );
        }
    }
    let words = [
        "task-management-dashboard-version-two",
        "highs_and_lows_of_the_whole_market",
        "task_test_integrationtests",
        "linuxapp-production-deployment",
        "keyJoinColumnNames.value.of.things",
    ];
    for word in words {
        check(&rules, &format!("{word} "));
    }
}

/// Each way in which a value stands behind its name.
#[test]
fn regression_values_are_hidden_however_they_are_quoted() {
    let rules = Arc::new(Rules::new::<&str>(&[], true).unwrap());
    let rows = [
        r#"{"password":"|hunter2|"}"#,
        r#"{"password": "|correct horse, battery; staple&|", "x": 1}"#,
        r#"{"password":"|hun\"ter\\|","x":1}"#,
        r#"{\"password\":\"|hunter2|\",\"x\":1}"#,
        r#"{\"password\": \"|correct horse, battery|\", \"x\": 1}"#,
        r#"{\"password\":\"|hun\\\"ter2|\",\"x\":1}"#,
        r#"{\\\"password\\\":\\\"|hunter2|\\\",\\\"x\\\":1}"#,
        r#"{\\\\\\\"token\\\\\\\":\\\\\\\"|hunter2|\\\\\\\",1}"#,
        r#"{\"token\":|12345|,\"x\":1}"#,
        r#"{"log":"password=|hunter2|\",1}"#,
        r"{'password': '|hunter 2|', 'x': 1}",
        r"{\'password\': \'|hunter2|\'}",
        r"password: '|it''s me|' # yaml",
        "password: |hunter2|\r\npassphrase: \"|a b|\"\r\n",
        "export DB_PASSWORD='|a b|' API_KEY=|abc| SECRET=\"|x y|\"",
        "PASSWORD=|$|'|a b|'",
        "password = |b|'|hunter2|'",
        "token := `|abc|`",
        r#""api_key" => "|hunter2|","#,
        "https://host/x?access_token=|abc|&x=1&api_key=|d*f|&y",
        "next=%3Faccess_token%3D|abc|&x=1",
        "postgres://me:|hunter2@|db/x postgres://me:|p@ss@|db/x",
        r#"{"url":"postgres:\/\/me:|hunter2@|db\/x"}"#,
        r#"{\"Authorization\": \"Bearer |abcd|\"}"#,
        r#"{\"aws_secret_access_key\": \"|abcdefghij0123456789|\"}"#,
        r#"print("password: ", value)"#,
        r#"{"password":"","x":1}"#,
        r#"{\"password\":\"\",\"x\":1}"#,
    ];
    for row in rows {
        // A backtick belongs to what is masked, since what it opens is no quote elsewhere.
        let row = row.replace("`|abc|`", "|`abc`|");
        check(&rules, &format!("{row} \r\n"));
    }
}
