//! The past in the monitor, of a server that keeps a history.

use std::fs;

use super::stage::Watched;
use crate::support::serving::Serving;
use crate::support::{TmuxServer, any_program};

#[tokio::test]
async fn lines_that_are_gone_are_found_and_panes_are_shown_as_they_were() {
    let tmux = TmuxServer::start(any_program());
    let settings = [("MUXWIRE_HISTORY_ENABLED", "true")];
    let serving = Serving::start_with(&tmux, &["--no-auth"], &settings);
    let address = serving.address.to_string();
    let top = Watched::start(any_program(), (160, 40), &address, ("", "")).await;
    top.shows("main:0.0").await;
    let print = "echo needle-$((6 * 7)) \u{6f22}; read x; printf '\\033[?1049h\\033[Hfull screen'; exec cat";
    let pane = tmux.new_window(print).to_string();
    top.shows(" 1.0 ").await;
    top.press(&["Down"]);
    top.shows("main:1.0").await;
    top.shows("needle-42 \u{6f22}").await;
    // A line is kept once it has stood for a while. Until then nothing is found.
    top.press(&["h"]);
    top.enter("needle*");
    top.press(&["Enter"]);
    loop {
        top.shows("with \"needle*\"").await;
        if top.text().contains("1 line") {
            break;
        }
        top.press(&["/", "C-u"]);
        top.shows("Enter searches").await;
        top.press(&["Enter"]);
        top.shows("found here by its words").await;
        top.press(&["/"]);
        top.enter("needle*");
        top.press(&["Enter"]);
    }
    tmux.run(["send-keys", "-t", &pane, "Enter"]);
    top.press(&["BTab", "BTab", "BTab"]);
    top.shows("full screen").await;
    top.press(&["BTab"]);
    top.shows("1 line with").await;
    top.press(&["Enter"]);
    top.shows("as it was 2").await;
    top.shows("needle-42 \u{6f22}").await;
    assert!(!top.text().contains("full screen"), "{}", top.text());
    top.press(&["Escape"]);
    top.hides("as it was").await;
    top.shows("full screen").await;
    // A program in full screen is scrolled back at once.
    top.press(&["PPage"]);
    top.shows("as it was 2").await;
    top.hides("full screen").await;
    // What shows is written, then and now.
    let folder = tempfile::tempdir().unwrap();
    let save = async |name: &str| {
        let path = folder.path().join(name);
        top.press(&["x", "C-u"]);
        top.enter(path.to_str().unwrap());
        top.press(&["Enter"]);
        top.shows(&format!("exported to {}", path.display())).await;
        fs::read_to_string(path).unwrap()
    };
    let page = save("then.html").await;
    assert!(!page.contains("full screen"), "{page}");
    top.press(&["Escape"]);
    top.shows("full screen").await;
    assert_eq!(save("now.txt").await.trim_end(), "full screen");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    top.press(&["q"]);
    top.is_given_back(0).await;
}

#[tokio::test]
async fn without_a_history_the_monitor_says_so() {
    let tmux = TmuxServer::start(any_program());
    let serving = Serving::start(&tmux, &["--no-auth"]);
    let address = serving.address.to_string();
    let top = Watched::start(any_program(), (160, 40), &address, ("", "")).await;
    top.shows("main:0.0").await;
    top.press(&["/"]);
    top.enter("words");
    top.press(&["Tab"]);
    top.shows("no history is kept here").await;
    top.press(&["Tab"]);
    top.shows("main:0.0").await;
    top.press(&["q"]);
    top.is_given_back(0).await;
}
