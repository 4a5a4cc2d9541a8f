//! A mistake with its place in the file, as it is shown or handed to other programs.

use std::{fmt, path::PathBuf, sync::Arc};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

use super::{finding::Finding, tree::{Place, Places}};

/// A mistake in a city file.
#[derive(Clone, Debug, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; absent if it is about the file as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The field's path, like `services.web.health.path` or `legacy.addresses[0]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    #[serde(skip)]
    excerpt: Option<Excerpt>,
}

/// The text that a report shows the line of.
#[derive(Clone, Debug)]
struct Excerpt {
    source: Arc<NamedSource<String>>,
    offset: usize,
    length: usize,
}

impl Problem {
    /// A mistake of the file as a whole, or of there being none.
    pub fn of_file(file: impl Into<PathBuf>, message: impl Into<String>, help: Option<String>) -> Self {
        Self { file: file.into(), line: None, column: None, field: None, message: message.into(), help, excerpt: None }
    }

    /// The report's text with the source line, in colour or without, wrapped at `width` columns.
    pub fn render(&self, colour: bool, width: usize) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_context_lines(0).with_links(false);
        match handler.render_report(&mut text, self) {
            Ok(()) => text,
            // A report that can't be drawn is still said.
            Err(fmt::Error) => format!("{}: {self}\n", self.file.display()),
        }
    }
}

impl Diagnostic for Problem {
    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt.source.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let label = LabeledSpan::new(Some(self.field.clone().unwrap_or_else(|| "here".into())), excerpt.offset, excerpt.length);
        Some(Box::new(std::iter::once(label)))
    }
}

/// A file's text and the places in it: turns findings into problems.
pub struct Located {
    file: PathBuf,
    source: Arc<NamedSource<String>>,
    length: usize,
    places: Places,
}

impl Located {
    /// A file that was read; `places` are empty if it isn't YAML.
    pub fn new(file: PathBuf, text: String, places: Places) -> Self {
        let length = text.len();
        let source = Arc::new(NamedSource::new(file.display().to_string(), text).with_language("yaml"));
        Self { file, source, length, places }
    }

    /// The mistake at its field's place.
    pub fn problem(&self, finding: Finding) -> Problem {
        let field = finding.fields.first().filter(|field| !field.is_empty()).cloned();
        let path = field.as_deref().unwrap_or_default();
        let place = if finding.on_key { self.places.key(path) } else { self.places.find(path) };
        self.at(place, field, finding.message, finding.help)
    }

    /// A mistake at a place.
    pub fn at(&self, place: Place, field: Option<String>, message: String, help: Option<String>) -> Problem {
        // The parser may point behind the last byte; a report can't.
        let offset = place.offset.min(self.length);
        let excerpt = Excerpt { source: Arc::clone(&self.source), offset, length: place.length.min(self.length - offset) };
        Problem { file: self.file.clone(), line: Some(place.line), column: Some(place.column), field, message, help, excerpt: Some(excerpt) }
    }
}

/// All mistakes of the files that were asked for, in the order of files and lines.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// All reports, one below the other.
    pub fn render(&self, colour: bool, width: usize) -> String {
        self.0.iter().map(|problem| problem.render(colour, width)).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", problem.file.display())?;
            if let (Some(line), Some(column)) = (problem.line, problem.column) {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
