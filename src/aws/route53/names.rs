//! Names as Route 53 tells them and as we write them.

/// `www.example.org.` and `WWW.Example.org` are both `www.example.org`; `\052` is `*`.
pub fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase().replace("\\052", "*")
}

/// Whether both are the same name.
pub fn same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}
