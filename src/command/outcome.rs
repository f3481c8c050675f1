//! A report as the user asked for it.

use super::{Context, Failure};
use crate::render::json::run_document;
use crate::render::report::RunReport;
use crate::render::table::{Closing, run_table};

/// One run as a table or as JSON.
pub(crate) fn run_text(context: &Context, report: &RunReport, closing: Closing) -> Result<String, Failure> {
    if context.json {
        return run_document(report).map_err(Failure::internal);
    }
    Ok(run_table(report, closing, context.screen))
}
