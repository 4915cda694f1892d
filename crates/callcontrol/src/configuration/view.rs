//! Which view of numbers a device has.

use std::net::IpAddr;

use strowger_base::leg::{Origin, Target};
use strowger_base::line::lines_of;
use strowger_dialplan::{Mask, NumberView, Zone};

use super::{Configuration, LinePhone};

/// A view, and the time zone of the device that has it.
type View<'c> = (&'c NumberView, Option<&'c Zone>);

impl Configuration {
    /// How a device that is rung sees numbers; `None` where it sees them as they are.
    pub fn view_of(&self, target: &Target) -> Option<View<'_>> {
        match target {
            Target::Phone { line, phone, .. } => {
                self.view_of_phone(self.phone(line.as_str(), phone.as_deref())?)
            }
            Target::Trunk(name) => self.view_of_trunk(name),
            Target::Service(_) => None,
        }
    }

    /// How a device that calls sees numbers; `None` where it sees them as they are.
    pub fn view_of_origin(&self, origin: &Origin, address: Option<IpAddr>) -> Option<View<'_>> {
        match origin {
            Origin::Line { .. } => {
                let phone = self.calling_phone(origin)?;
                Some((self.whereabouts(phone, address).view()?, phone.dials.zone.as_ref()))
            }
            Origin::Trunk(name) => self.view_of_trunk(name),
        }
    }

    /// How a phone of a line sees numbers at home.
    pub fn view_of_phone<'c>(&self, phone: &'c LinePhone) -> Option<View<'c>> {
        Some((phone.settings.view.as_deref()?, phone.dials.zone.as_ref()))
    }

    /// How a trunk sees numbers.
    pub fn view_of_trunk(&self, name: &str) -> Option<View<'_>> {
        let trunk = self.trunks.get(name)?;
        Some((trunk.view.as_deref()?, trunk.caller.zone.as_ref()))
    }

    /// The external phone number mask of a line, by its name; none where it is no line's.
    pub fn mask_of(&self, line: &str) -> Option<&Mask> {
        self.lines.get(line)?.external_mask.as_ref()
    }

    /// The external phone number mask of a number of which nobody knows which line it is; none where it may be that of several.
    pub fn mask_of_number(&self, number: &str) -> Option<&Mask> {
        let mut lines = lines_of(&self.lines, number);
        match (lines.next(), lines.next()) {
            (Some((_, only)), None) => only.external_mask.as_ref(),
            (None | Some(_), _) => None,
        }
    }
}
