//! Clients that may not come in, from an address of their own, and tokens that end.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use serde_json::json;

use crate::follower::{Came, Follower};
use crate::support::random::Random;
use crate::world::World;

/// Where those come from who may be refused for what they did before.
const ABUSER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// How long a client may stay whose token was revoked.
const REVOKED: Duration = Duration::from_secs(5);

fn abusive(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::new(IpAddr::V4(ABUSER), 0)).unwrap();
    connect(&socket, &address).unwrap();
    let stream = TcpStream::from(socket);
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// A text that is no token in force, in one way or another.
fn bad_token(world: &World, random: &mut Random) -> String {
    let good = &world.token;
    match random.below(4) {
        0 => format!("{:x}", random.next()),
        1 => good[..good.len() - 1].to_owned(),
        // Its checksum does not fit.
        2 => format!(
            "mw_{}{}",
            if &good[3..4] == "a" { "b" } else { "a" },
            &good[4..]
        ),
        _ => "mw_".to_owned() + &"a".repeat(random.below(5000)),
    }
}

pub fn bad_authentications(world: &World, random: &mut Random) {
    while !world.is_stopping() {
        let mut stream = abusive(world.address());
        let request = format!(
            "GET /monitor HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Authorization: Bearer {}\r\n\r\n",
            world.address(),
            bad_token(world, random),
        );
        let whole = random.below(4) > 0;
        let said = if whole {
            request.len()
        } else {
            random.below(request.len())
        };
        // It may be closed while it speaks.
        let _ = stream.write_all(&request.as_bytes()[..said]);
        if whole {
            let mut answer = Vec::new();
            // A reset is an end as well.
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer);
            assert!(!answer.contains("\"success\":true"), "{answer}");
        }
        world.count("bad authentications");
        world.pause_between(random, 50, 400);
    }
}

pub fn rotated_tokens(world: &World, random: &mut Random) {
    let mut number = 0;
    while !world.is_stopping() {
        number += 1;
        let name = format!("rotated-{number}-{:x}", random.next());
        let home = &world.serving.home;
        let made = home.run(&format!("token create --name {name}"));
        assert_eq!(made.code, Some(0), "{made:?}");
        let token = made.stdout.trim();
        let mut client = presented(world, token);
        client.say(&json!({ "action": "subscribe" }));
        client.find("subscribed");
        world.pause_between(random, 500, 3000);
        let revoked = home.run(&format!("token revoke {name}"));
        assert_eq!(revoked.code, Some(0), "{revoked:?}");
        let since = Instant::now();
        let code = loop {
            if let Came::Closed(code) = client.next() {
                break code;
            }
            assert!(since.elapsed() < REVOKED, "a revoked token's client stays");
        };
        assert_eq!(code, Some(4503));
        world.count("tokens rotated");
        world.pause_between(random, 500, 4000);
    }
}

/// A client with a token that was made just now.
fn presented(world: &World, token: &str) -> Follower {
    let since = Instant::now();
    loop {
        let mut client = Follower::connect(world.address());
        client.say(&json!({ "action": "auth", "token": token }));
        if client.find("auth.response")["success"] == true {
            return client;
        }
        assert!(since.elapsed() < REVOKED, "a new token is not known");
        std::thread::sleep(Duration::from_millis(50));
    }
}
