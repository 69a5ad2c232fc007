//! Files and folders that change in each way that there is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::symlink;

use super::*;

async fn woken(watch: &mut FileWatch, what: &str) {
    // Far below the time between two looks: the event itself arrived.
    let woken = timeout(Duration::from_secs(3), watch.changed()).await;
    assert_eq!(woken, Ok(Woken::Event), "{what}");
}

/// Waits until all that happened so far is reported.
async fn quiet(watch: &mut FileWatch) {
    while timeout(Duration::from_millis(300), watch.changed())
        .await
        .is_ok()
    {}
}

#[tokio::test]
async fn a_file_is_noticed_through_folders_that_come_and_go() {
    for timing in [Timing::FILE, Timing::FILES, Timing::SOCKET] {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("tmux-0");
        let file = folder.join("default");
        let mut watch = FileWatch::new(vec![file.clone()], timing);
        fs::write(temp.path().join("neighbour"), "").unwrap();
        let quiet = timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(quiet.is_err(), "a neighbour is of no interest");
        for round in ["first", "again"] {
            fs::create_dir(&folder).unwrap();
            woken(&mut watch, round).await;
            fs::write(&file, "").unwrap();
            woken(&mut watch, round).await;
            fs::remove_dir_all(&folder).unwrap();
            woken(&mut watch, round).await;
        }
    }
}

#[tokio::test]
async fn each_way_of_changing_a_file_is_noticed_and_reading_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let (file, next) = (temp.path().join("file"), temp.path().join("next"));
    fs::write(&file, "1").unwrap();
    let mut watch = FileWatch::start(vec![file.clone()], Timing::FILE).unwrap();
    fs::write(&next, "2").unwrap();
    fs::read(&file).unwrap();
    let quiet_time = timeout(Duration::from_millis(300), watch.changed()).await;
    assert!(quiet_time.is_err(), "reading is no change");
    fs::rename(&next, &file).unwrap();
    woken(&mut watch, "renamed").await;
    quiet(&mut watch).await;
    fs::write(&file, "3").unwrap();
    woken(&mut watch, "written").await;
    quiet(&mut watch).await;
    fs::remove_file(&file).unwrap();
    woken(&mut watch, "removed").await;
}

#[tokio::test]
async fn a_folder_that_is_exchanged_is_followed() {
    let temp = tempfile::tempdir().unwrap();
    let (folder, old, next) = (
        temp.path().join("folder"),
        temp.path().join("old"),
        temp.path().join("next"),
    );
    fs::create_dir(&folder).unwrap();
    fs::create_dir(&next).unwrap();
    let file = folder.join("file");
    let mut watch = FileWatch::start(vec![file.clone()], Timing::FILE).unwrap();
    fs::rename(&folder, &old).unwrap();
    fs::rename(&next, &folder).unwrap();
    woken(&mut watch, "exchanged").await;
    quiet(&mut watch).await;
    fs::write(&file, "").unwrap();
    woken(&mut watch, "in the new one").await;
}

#[tokio::test]
async fn a_folder_that_comes_again_at_once_is_followed() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("folder");
    let file = folder.join("file");
    fs::create_dir(&folder).unwrap();
    let mut watch = FileWatch::start(vec![file.clone()], Timing::FILE).unwrap();
    for round in 0..10 {
        // The new one often has the inode of the old one.
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        quiet(&mut watch).await;
        fs::write(&file, "").unwrap();
        woken(&mut watch, &round.to_string()).await;
    }
}

#[tokio::test]
async fn links_are_followed_and_may_be_exchanged() {
    let temp = tempfile::tempdir().unwrap();
    let live = temp.path().join("live");
    for folder in ["live", "1", "2"] {
        fs::create_dir(temp.path().join(folder)).unwrap();
    }
    symlink(temp.path().join("1"), live.join("..data")).unwrap();
    symlink("..data/file", live.join("file")).unwrap();
    fs::write(temp.path().join("1/file"), "").unwrap();
    let mut watch = FileWatch::start(vec![live.join("file")], Timing::FILE).unwrap();
    fs::write(temp.path().join("1/file"), "1").unwrap();
    woken(&mut watch, "written where the link leads to").await;
    quiet(&mut watch).await;
    symlink(temp.path().join("2"), live.join("..new")).unwrap();
    fs::rename(live.join("..new"), live.join("..data")).unwrap();
    woken(&mut watch, "exchanged").await;
    quiet(&mut watch).await;
    fs::write(temp.path().join("2/file"), "2").unwrap();
    woken(&mut watch, "written in the new folder").await;
}

#[tokio::test]
async fn many_events_are_one_and_endless_ones_do_not_hold_it_up() {
    let temp = tempfile::tempdir().unwrap();
    let files = [temp.path().join("cert"), temp.path().join("key")];
    let mut watch = FileWatch::start(files.to_vec(), Timing::FILES).unwrap();
    for file in &files {
        fs::write(file, "").unwrap();
    }
    woken(&mut watch, "both").await;
    let more = timeout(Duration::from_millis(300), watch.changed()).await;
    assert!(more.is_err(), "both were one change");
    let endless = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        loop {
            ticks.tick().await;
            fs::write(&files[0], "").unwrap();
        }
    };
    tokio::select! {
        () = endless => {}
        woken = watch.changed() => assert_eq!(woken, Woken::Event),
    }
}

#[tokio::test]
async fn all_files_of_a_folder_are_noticed_and_others_are_not() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("agents");
    let folder = WholeFolder {
        path: path.clone(),
        extension: "toml",
    };
    let mut watch = FileWatch::with_folders(Vec::new(), vec![folder], Timing::FILE);
    for round in ["first", "again"] {
        fs::create_dir(&path).unwrap();
        woken(&mut watch, round).await;
        fs::write(path.join("any.toml"), "").unwrap();
        woken(&mut watch, round).await;
        quiet(&mut watch).await;
        fs::write(path.join("any.toml.swp"), "").unwrap();
        fs::create_dir(path.join("below")).unwrap();
        fs::write(path.join("below/any.toml"), "").unwrap();
        fs::read(path.join("any.toml")).unwrap();
        fs::read_dir(&path).unwrap().for_each(drop);
        let quiet_time = timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(quiet_time.is_err(), "{round}: nothing of interest");
        fs::rename(path.join("any.toml"), path.join("other.toml")).unwrap();
        woken(&mut watch, round).await;
        fs::remove_dir_all(&path).unwrap();
        woken(&mut watch, round).await;
        quiet(&mut watch).await;
    }
}

#[tokio::test]
async fn a_whole_folder_may_be_a_link_that_is_exchanged() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("agents");
    for folder in ["one", "other"] {
        fs::create_dir(temp.path().join(folder)).unwrap();
    }
    symlink("one", &path).unwrap();
    let folder = WholeFolder {
        path: path.clone(),
        extension: "toml",
    };
    let mut watch = FileWatch::with_folders(Vec::new(), vec![folder], Timing::FILE);
    fs::write(temp.path().join("one/a.toml"), "").unwrap();
    woken(&mut watch, "where the link leads to").await;
    quiet(&mut watch).await;
    symlink("other", temp.path().join("next")).unwrap();
    fs::rename(temp.path().join("next"), &path).unwrap();
    woken(&mut watch, "exchanged").await;
    quiet(&mut watch).await;
    fs::write(temp.path().join("other/b.toml"), "").unwrap();
    woken(&mut watch, "in the other one").await;
}

#[test]
fn an_error_is_new_once() {
    let mut complaint = Complaint::default();
    assert!(complaint.is_new(&"a"));
    assert!(!complaint.is_new(&"a"));
    assert!(complaint.is_new(&"b"));
    complaint.clear();
    assert!(complaint.is_new(&"b"));
}
