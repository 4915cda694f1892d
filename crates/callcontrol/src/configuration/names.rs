//! What lines are called where people read it.

use strowger_base::journal::{OriginView, TargetView};
use strowger_base::leg::{Origin, Target};
use strowger_base::line;

use super::Configuration;

impl Configuration {
    /// The name of a line, or of a hunt pilot, as people are shown it: without its partition where no other line has the number.
    pub fn shown<'n>(&self, line: &'n str) -> &'n str {
        line::shown(&self.lines, line)
    }

    /// The display name of a line; empty for what is none.
    pub fn display_name(&self, line: &str) -> &str {
        self.lines.get(line).map_or("", |line| &line.name)
    }

    /// Whose device calls, for the story.
    pub(crate) fn origin<'o>(&self, origin: &'o Origin) -> OriginView<'o> {
        match OriginView::from(origin) {
            OriginView::Line { line, phone } => OriginView::Line { line: self.shown(line), phone },
            trunk @ OriginView::Trunk(_) => trunk,
        }
    }

    /// What is rung, for the story.
    pub(crate) fn target<'t>(&self, target: &'t Target) -> TargetView<'t> {
        match TargetView::from(target) {
            TargetView::Phone { line, phone, binding } => {
                TargetView::Phone { line: self.shown(line), phone, binding }
            }
            other @ (TargetView::Trunk(_) | TargetView::Service(_)) => other,
        }
    }
}
