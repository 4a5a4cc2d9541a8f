//! How a release is linked. Of an executable of 65 MB, a plan touched 50: code that is the same is kept once (the SDK's operations differ
//! in their types only), and addresses are fixed, so that nothing is rewritten at the start. docs/performance.md has the figures.

use std::env::var;

fn main() {
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    // Where Rust links with its own LLD.
    let lld = is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is("PROFILE", "release") && lld {
        for argument in ["-Wl,--icf=all", "-no-pie"] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
    println!("cargo::rerun-if-changed=src/build.rs");
}
