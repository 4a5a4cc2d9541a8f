//! Tests of the city file as a whole.

mod checks;
mod docs;
mod files;
mod hostile;
mod mistakes;
