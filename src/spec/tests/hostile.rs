//! Files that mean harm, or are only broken, end in an answer and soon.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use crate::spec::{load, testing::cities};

/// The first complaint about a file with these bytes; panics if it takes long.
fn complaint(bytes: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    std::fs::write(folder.path().join("malmo.yaml"), bytes).unwrap_or_else(|error| panic!("{error}"));
    let begin = Instant::now();
    let problems = load(folder.path(), &[]).err();
    // Rendering must not fail on odd places either.
    let _ = problems
        .as_ref()
        .map(|problems| (problems.render(true, 40), problems.to_string(), serde_json::to_string(problems)));
    assert!(begin.elapsed() < Duration::from_secs(5), "took {:?}", begin.elapsed());
    // The schema must not allow what the types don't.
    let unforeseen = |text: &str| text.starts_with("the file can't be used");
    assert!(
        !problems.iter().flat_map(|problems| &problems.0).any(|problem| unforeseen(&problem.message)),
        "{problems:?}"
    );
    problems.map(|problems| problems.0[0].message.clone())
}

#[test]
fn a_yaml_bomb_is_refused() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in ('b'..='j').zip('a'..) {
        let all = vec![format!("*{before}"); 10].join(",");
        bomb.push_str(&format!("{name}: &{name} [{all}]\n"));
    }
    let message = complaint(bomb.as_bytes()).unwrap_or_default();
    assert!(message.starts_with("the file holds far more than a city"), "{message}");
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[".repeat(100_000), "- ".repeat(50_000), "{a: ".repeat(50_000)] {
        assert!(complaint(text.as_bytes()).is_some());
    }
}

#[test]
fn a_huge_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let file = File::create(folder.path().join("malmo.yaml")).and_then(|file| file.set_len(100 << 20));
    assert!(file.is_ok());
    let begin = Instant::now();
    let message = load(folder.path(), &[]).err().map(|problems| problems.0[0].message.clone());
    assert_eq!(message.as_deref(), Some("the file is larger than 1024 KiB: not a city file"));
    assert!(begin.elapsed() < Duration::from_millis(200), "took {:?}", begin.elapsed());
}

#[test]
fn mutilated_files_never_panic() {
    let original = std::fs::read(cities().join("antwerp.yaml")).unwrap_or_default();
    let pieces: &[&[u8]] = &[
        b"\0",
        b"\xff",
        b"&a ",
        b"*a",
        b": ",
        b"- ",
        b"[",
        b"}",
        b"\"",
        b"\t",
        b"!!int ",
        b"<<: ",
        b"|\n",
        b"999999999999999999999",
        b"-1",
        b"null",
        "å🔑".as_bytes(),
        b"\r\n",
        b"\n---\n",
        b"? ",
    ];
    // A fixed sequence (xorshift), so that a failure can be repeated.
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    for round in 0..400 {
        let mut bytes = original.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(4) {
                0 => drop(bytes.splice(at..at, pieces[random(pieces.len())].iter().copied())),
                1 => drop(bytes.drain(at..(at + random(40)).min(bytes.len()))),
                2 => bytes[at] = random(256) as u8,
                _ => bytes.truncate(at.max(1)),
            }
        }
        if round % 10 == 0 {
            bytes = (0..random(500)).map(|_| random(256) as u8).collect();
        }
        complaint(&bytes);
    }
}

proptest::proptest! {
    #![proptest_config(crate::hostile::cases(40))]

    #[test]
    fn any_bytes_are_refused_in_words(bytes in crate::hostile::bytes()) {
        proptest::prop_assert!(complaint(&bytes).is_some_and(|message| message.len() > 5));
    }

    #[test]
    fn a_city_file_with_bytes_changed_is_read_or_refused_in_words(
        bytes in crate::hostile::mutated(include_bytes!("../../../cities/malmo.yaml").to_vec())
    ) {
        proptest::prop_assert!(complaint(&bytes).is_none_or(|message| message.len() > 5));
    }
}
