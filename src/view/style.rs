//! Colours. `anstream` leaves them out where the output isn't a terminal, or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};
use std::fmt::Display;

/// Something new.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// A change in place.
pub const YELLOW: Style = AnsiColor::Yellow.on_default();
/// A deletion.
pub const RED: Style = AnsiColor::Red.on_default();
/// A replacement or deletion that holds data.
pub const ALARM: Style = AnsiColor::Red.on_default().bold();
/// Something that was changed behind `migrate`'s back.
pub const CYAN: Style = AnsiColor::Cyan.on_default();
/// A heading.
pub const BOLD: Style = Style::new().bold();
/// Less important.
pub const DIM: Style = Style::new().dimmed();

/// `text` in that style.
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
