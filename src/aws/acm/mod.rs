//! AWS Certificate Manager.

pub mod certificate;
pub mod survey;
