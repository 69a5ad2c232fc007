//! Certificates that are made, shown, believed, broken and exchanged.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;

const FROM: (i32, u8, u8) = (2026, 1, 1);
const UNTIL: (i32, u8, u8) = (2126, 1, 1);

fn make(folder: &Path, name: &str) -> SelfSigned {
    let names = [name.parse().unwrap()];
    make_self_signed(&names, folder, FROM, UNTIL).unwrap()
}

fn files(made: &SelfSigned) -> TlsFiles {
    TlsFiles {
        certificate: made.certificate.clone(),
        key: made.key.clone(),
        client_ca: None,
    }
}

/// Whether a client of this trust that looks for this name gets a byte through.
async fn reaches(identity: &Identity, trust: &Trust, name: &'static str) -> bool {
    let (near, far) = duplex(4096);
    let acceptor = identity.acceptor();
    let server = tokio::spawn(async move {
        let mut stream = acceptor.accept(far).await?;
        stream.write_all(b"x").await?;
        stream.flush().await
    });
    let connector = connector(trust).unwrap();
    let connected = connector
        .connect(ServerName::try_from(name).unwrap(), near)
        .await;
    let Ok(mut stream) = connected else {
        return false;
    };
    let read = stream.read_u8().await;
    server.await.unwrap().unwrap();
    read.unwrap() == b'x'
}

#[tokio::test]
async fn clients_trust_whom_they_are_configured_to() {
    let folder = tempfile::tempdir().unwrap();
    let one = make(&folder.path().join("one"), "box.example");
    let other = make(&folder.path().join("other"), "box.example");
    let identity = Identity::load(&files(&one)).unwrap();
    let by_file = |made: &SelfSigned| Trust::Authorities(made.certificate.clone());
    let rows = [
        ("its own file", by_file(&one), "box.example", true),
        ("another name", by_file(&one), "evil.example", false),
        ("another's file", by_file(&other), "box.example", false),
        (
            "its fingerprint",
            Trust::Pinned(one.fingerprint),
            "any.example",
            true,
        ),
        (
            "another's",
            Trust::Pinned(other.fingerprint),
            "box.example",
            false,
        ),
    ];
    for (what, trust, name, expected) in rows {
        assert_eq!(reaches(&identity, &trust, name).await, expected, "{what}");
    }
}

#[test]
fn what_is_made_is_private_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tls");
    let made = make(&path, "box.example");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&made.key), mode(&path)), (0o600, 0o700));
    let before = fs::read(&made.key).unwrap();
    let names = ["box.example".parse().unwrap()];
    for missing in [None, Some(&made.certificate)] {
        if let Some(missing) = missing {
            fs::remove_file(missing).unwrap();
        }
        let again = make_self_signed(&names, &path, FROM, UNTIL).unwrap_err();
        assert!(matches!(again, TlsError::Exists { .. }), "{again}");
        assert_eq!(fs::read(&made.key).unwrap(), before);
    }
}

#[test]
fn names_and_addresses_are_read() {
    let rows = [
        ("box.example.org", Some("box.example.org")),
        ("Box", Some("box")),
        ("*.example.org", Some("*.example.org")),
        ("192.0.2.7", Some("192.0.2.7")),
        ("[::1]", Some("::1")),
        ("::1", Some("::1")),
        ("", None),
        ("a b", None),
        ("a..b", None),
        ("b\u{fc}ro.example", None),
        ("https://box", None),
        ("-box", None),
    ];
    for (text, expected) in rows {
        let found = text
            .parse::<SubjectName>()
            .ok()
            .map(|name| name.to_string());
        assert_eq!(found.as_deref(), expected, "{text:?}");
    }
}

#[test]
fn fingerprints_are_read_as_they_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let shown = make(folder.path(), "box").fingerprint.to_string();
    assert_eq!(shown.len(), 95);
    let plain = shown.replace(':', "").to_lowercase();
    for text in [&shown, &plain, &format!("SHA256:{shown}")] {
        let read: Fingerprint = text.parse().unwrap();
        assert_eq!(read.to_string(), shown);
    }
    for text in [
        "",
        "AB:CD",
        &shown[3..],
        &format!("{plain}00"),
        &plain.replace(|_| true, "g"),
    ] {
        assert!(text.parse::<Fingerprint>().is_err(), "{text:?}");
    }
}

/// Each way in which files can be wrong, and a word of the remedy.
#[test]
fn files_that_can_not_be_used_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = make(&folder.path().join("other"), "box");
    type Break = fn(&SelfSigned, &SelfSigned);
    let rows: [(&str, Break, &str); 8] = [
        (
            "no certificate",
            |made, _| fs::remove_file(&made.certificate).unwrap(),
            "can't open",
        ),
        (
            "an empty one",
            |made, _| fs::write(&made.certificate, "").unwrap(),
            "no certificate",
        ),
        (
            "half of one",
            |made, _| {
                let text = fs::read(&made.certificate).unwrap();
                fs::write(&made.certificate, &text[..text.len() / 2]).unwrap();
            },
            "no end",
        ),
        (
            "a certificate for a key",
            |made, _| {
                fs::write(&made.key, fs::read(&made.certificate).unwrap()).unwrap();
            },
            "no private key",
        ),
        (
            "another's key",
            |made, other| {
                fs::write(&made.key, fs::read(&other.key).unwrap()).unwrap();
            },
            "can't be used together",
        ),
        (
            "a key for the group",
            |made, _| {
                fs::set_permissions(&made.key, Permissions::from_mode(0o660)).unwrap();
            },
            "chmod 600",
        ),
        (
            "a key for all",
            |made, _| {
                fs::set_permissions(&made.key, Permissions::from_mode(0o604)).unwrap();
            },
            "chmod 600",
        ),
        (
            "far too much",
            |made, _| {
                fs::write(&made.certificate, vec![b'x'; (1 << 20) + 1]).unwrap();
            },
            "longer than",
        ),
    ];
    for (number, (what, damage, word)) in rows.into_iter().enumerate() {
        let made = make(&folder.path().join(number.to_string()), "box");
        Identity::load(&files(&made)).unwrap();
        damage(&made, &other);
        let refused = Identity::load(&files(&made)).unwrap_err().to_string();
        assert!(refused.contains(word), "{what}: {refused}");
    }
}

#[tokio::test]
async fn a_broken_pair_leaves_the_old_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(&folder.path().join("in"), "box");
    let next = make(&folder.path().join("next"), "box");
    let (identity, mut watch) = IdentityWatch::start(files(&made)).unwrap();
    fs::copy(&next.certificate, &made.certificate).unwrap();
    assert!(!watch.read_again().await, "it does not fit the old key");
    assert_eq!(identity.reloads(), Reloads { done: 0, failed: 1 });
    assert!(!watch.read_again().await);
    assert_eq!(
        identity.reloads().failed,
        1,
        "the same is complained of once"
    );
    assert!(reaches(&identity, &Trust::Pinned(made.fingerprint), "box").await);
    fs::copy(&next.key, &made.key).unwrap();
    assert!(watch.read_again().await);
    assert_eq!(identity.reloads(), Reloads { done: 1, failed: 1 });
    assert!(reaches(&identity, &Trust::Pinned(next.fingerprint), "box").await);
}

/// Files replaced by renaming, written in place, and changed by exchanging the link to their folder's.
#[tokio::test]
async fn changes_are_in_force_without_being_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let made = make(&folder.path().join("1"), "box");
    let live = folder.path().join("live");
    fs::create_dir(&live).unwrap();
    symlink(folder.path().join("1"), live.join("..data")).unwrap();
    symlink("..data/cert.pem", live.join("cert.pem")).unwrap();
    symlink("..data/key.pem", live.join("key.pem")).unwrap();
    let at = SelfSigned {
        certificate: live.join("cert.pem"),
        key: live.join("key.pem"),
        ..made
    };
    let (identity, watch) = IdentityWatch::start(files(&at)).unwrap();
    let (noticed, mut changes) = mpsc::unbounded_channel();
    let running = tokio::spawn(watch.run(move |changed| {
        if changed {
            noticed.send(()).unwrap();
        }
    }));
    type Change = fn(&Path, &SelfSigned);
    let rows: [(&str, Change); 3] = [
        ("a link exchanged", |live, next| {
            let folder = next.key.parent().unwrap();
            symlink(folder, live.join("..new")).unwrap();
            fs::rename(live.join("..new"), live.join("..data")).unwrap();
        }),
        ("files renamed", |live, next| {
            for (from, to) in [(&next.certificate, "cert.pem"), (&next.key, "key.pem")] {
                fs::rename(from, live.join(to)).unwrap();
            }
        }),
        ("files written", |live, next| {
            for (from, to) in [(&next.certificate, "cert.pem"), (&next.key, "key.pem")] {
                fs::write(live.join(to), fs::read(from).unwrap()).unwrap();
            }
        }),
    ];
    for (what, change) in rows {
        let next = make(&folder.path().join(what), "box");
        change(&live, &next);
        timeout(Duration::from_secs(30), changes.recv())
            .await
            .unwrap()
            .unwrap();
        assert!(
            reaches(&identity, &Trust::Pinned(next.fingerprint), "box").await,
            "{what}"
        );
    }
    running.abort();
    drop(Arc::new(identity));
}
