//! Reads the folder of city files.

use std::{
    collections::HashSet,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    City, CitySpec, Problem, Problems,
    check::{self, Context, Neighbour},
    finding::Finding,
    parse::parse,
    problem::Located,
    schema::schema,
    structure,
    suggest::did_you_mean,
    tree::{Places, Value},
};

/// A city file has some 40 lines. What is larger than a mebibyte isn't one, and isn't read.
const LARGEST: u64 = 1 << 20;

/// Reads and checks the cities of a folder: those named, or all of them if none is.
///
/// All files of the folder are looked at, since no two cities of an account and region may use the same addresses; but only
/// the mistakes of those asked for are told.
pub fn load(folder: &Path, names: &[String]) -> Result<Vec<City>, Problems> {
    let files = list(folder)?;
    if files.is_empty() && names.is_empty() {
        let help = "make a first one: migrate init malmo";
        return Err(Problems(vec![Problem::of_file(folder, "the folder has no city files", Some(help.into()))]));
    }
    let mut problems = Vec::new();
    for name in names.iter().filter(|name| !files.iter().any(|file| file.name == **name)) {
        problems.push(missing(folder, name, &files));
    }
    let drafts: Vec<Draft> = files.into_iter().map(Draft::read).collect();
    let mut cities = Vec::new();
    for draft in &drafts {
        if !names.is_empty() && !names.contains(&draft.name) {
            continue;
        }
        match draft.finish(&drafts) {
            Ok(city) => cities.push(city),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(cities) } else { Err(Problems(problems)) }
}

/// Whether the folder has a file for a city of that name, whatever is in it.
pub fn is_there(folder: &Path, name: &str) -> bool {
    ["yaml", "yml"].iter().any(|end| folder.join(format!("{name}.{end}")).exists())
}

/// A city whose text is kept somewhere else than in a folder of files; `place` is told where a file would be.
pub fn from_text(name: &str, place: &Path, text: String) -> Result<City, Problems> {
    let mut draft = Draft { name: name.to_owned(), path: place.to_owned(), problems: Vec::new(), content: None };
    draft.understand(text);
    draft.finish(&[]).map_err(Problems)
}

/// Gives findings about a city that was read before their places in its file, in the file's order.
pub fn locate(city: &City, findings: Vec<Finding>) -> Problems {
    let places = parse(&city.text).0.map(|node| Places::of(&node)).unwrap_or_default();
    let located = Located::new(city.file.clone(), city.text.clone(), places);
    let mut problems: Vec<Problem> = findings.into_iter().map(|finding| located.problem(finding)).collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Problems(problems)
}

/// A file of the folder that may be a city.
struct Entry {
    name: String,
    path: PathBuf,
}

fn list(folder: &Path) -> Result<Vec<Entry>, Problems> {
    let fail = |error: std::io::Error| {
        let help = "run migrate where the folder of city files is, or make a first one: migrate init malmo";
        Problems(vec![Problem::of_file(folder, format!("the folder can't be read: {error}"), Some(help.into()))])
    };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if yaml
            && !hidden
            && let Some(stem) = path.file_stem()
        {
            entries.push(Entry { name: stem.to_string_lossy().into_owned(), path });
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

fn missing(folder: &Path, name: &str, files: &[Entry]) -> Problem {
    let known: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let has = if known.is_empty() { "no city".to_owned() } else { known.join(", ") };
    let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| format!("make it: migrate init {name}"));
    Problem::of_file(
        folder.join(format!("{name}.yaml")),
        format!("no city `{name}`: {} has {has}", folder.display()),
        Some(help),
    )
}

/// A file as far as it could be read.
struct Draft {
    name: String,
    path: PathBuf,
    problems: Vec<Problem>,
    content: Option<Content>,
}

/// A file that is YAML: its spec with stand-ins for what is broken.
struct Content {
    spec: CitySpec,
    broken: HashSet<String>,
    text: String,
    located: Located,
}

impl Draft {
    fn read(Entry { name, path }: Entry) -> Self {
        let mut draft = Self { name, path, problems: Vec::new(), content: None };
        if path_is_misnamed(&draft.path) {
            draft.say("the name of a city file ends in .yaml", Some(format!("rename it to {}.yaml", draft.name)));
        }
        if let Err((message, help)) = check_name(&draft.name) {
            draft.say(&message, Some(help));
        }
        match read(&draft.path) {
            Ok(text) => draft.understand(text),
            Err(message) => draft.say(&message, None),
        }
        draft
    }

    fn say(&mut self, message: &str, help: Option<String>) {
        self.problems.push(Problem::of_file(&self.path, message, help));
    }

    fn understand(&mut self, text: String) {
        let (node, errors) = parse(&text);
        if node.as_ref().is_some_and(|node| matches!(node.value, Value::Null)) || text.trim().is_empty() {
            return self.say("the file is empty", Some("`migrate init CITY` writes a file to begin with".into()));
        }
        let places = node.as_ref().map(Places::of).unwrap_or_default();
        let located = Located::new(self.path.clone(), text.clone(), places);
        self.problems.extend(errors.into_iter().map(|error| located.at(error.place, None, error.message, None)));
        let Some(node) = node else { return };
        let found = structure::check(schema(), &node);
        self.problems.extend(found.findings.into_iter().map(|finding| located.problem(finding)));
        match serde_json::from_value(found.repaired) {
            Ok(spec) => self.content = Some(Content { spec, broken: found.broken, text, located }),
            // Only if the schema allows what the types don't. Then the file must not pass.
            Err(error) => self.say(&format!("the file can't be used: {error}"), None),
        }
    }

    fn finish(&self, all: &[Self]) -> Result<City, Vec<Problem>> {
        let mut problems = self.problems.clone();
        if let Some(content) = &self.content {
            let neighbours =
                all.iter().filter(|other| other.path != self.path).filter_map(Self::as_neighbour).collect();
            let context = Context { spec: &content.spec, neighbours };
            let sound = |finding: &Finding| !content.broken.iter().any(|broken| finding.rests_on(broken));
            problems
                .extend(check::all(&context).into_iter().filter(sound).map(|finding| content.located.problem(finding)));
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        match &self.content {
            Some(content) if problems.is_empty() => Ok(City {
                name: self.name.clone(),
                file: self.path.clone(),
                text: content.text.clone(),
                spec: content.spec.clone(),
            }),
            _ => Err(problems),
        }
    }

    /// The city for others to be compared with, as far as it can be read.
    fn as_neighbour(&self) -> Option<Neighbour<'_>> {
        let Content { spec, broken, .. } = self.content.as_ref()?;
        Some(Neighbour { name: &self.name, spec, broken })
    }
}

fn path_is_misnamed(path: &Path) -> bool {
    path.extension().is_none_or(|end| end != "yaml")
}

/// Whether a name can be a city's: AWS names begin with it, and some of them end at 32 characters.
pub fn check_name(name: &str) -> Result<(), (String, String)> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let valid = (1..=16).contains(&name.len())
        && name.bytes().all(plain)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-');
    if valid {
        return Ok(());
    }
    let help = "lower case letters, digits and hyphens, a letter first, at most 16 characters";
    Err((format!("`{name}` can't be the name of a city"), help.to_owned()))
}

/// The text of a file that is small enough to be a city's.
fn read(path: &Path) -> Result<String, String> {
    let fail = |error: std::io::Error| format!("the file can't be read: {error}");
    let meta = std::fs::metadata(path).map_err(fail)?;
    if !meta.is_file() {
        return Err("this is not a file".to_owned());
    }
    let too_large = || format!("the file is larger than {} KiB: not a city file", LARGEST >> 10);
    if meta.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // It may have grown since its size was asked for.
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(fail)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("the file is not UTF-8 text: line {line} has an invalid byte")
    })
}
