//! The `muxwire` program: parse, run, exit code.

fn main() {}
