//! Join: which conversation an INVITE shall come into (RFC 3911), and how Cisco's phones say in which way.

use strowger_base::watch::CallPhase;
use strowger_base::{FeatureCode, LegId};

use crate::core::Sip;
use crate::header::{NameAddr, Replaces};
use crate::message::{HeaderName, Message};

impl Sip {
    /// The leg that an INVITE with Join shall come beside, or the status that refuses it (RFC 3911 §4).
    pub(crate) fn joined_by(&self, invite: &Message<'_>) -> Result<Option<LegId>, u16> {
        let Some(value) = invite.first(HeaderName::Join) else { return Ok(None) };
        if invite.first(HeaderName::Replaces).is_some() {
            return Err(400);
        }
        // It names a dialog as Replaces does.
        let named = Replaces::parse(value).ok_or(400_u16)?;
        let Some(id) = self.leg_replaced(&named) else {
            // The phone that has it speaks another protocol.
            return match self.subscriptions.call_named(&named) {
                Some((leg, CallPhase::Confirmed, _)) => Ok(Some(leg)),
                Some((_, CallPhase::Trying | CallPhase::Early, _)) | None => Err(481),
            };
        };
        self.legs.get(&id).ok_or(481_u16)?.accepts_join()?;
        Ok(Some(id))
    }
}

/// What the key was with which a Cisco phone came to send a Join: its Call-Info names it.
pub(crate) fn wanted(invite: &Message<'_>) -> Option<FeatureCode> {
    invite.values(HeaderName::CallInfo).find_map(|value| {
        let info = NameAddr::parse(value).filter(|info| info.uri.eq_ignore_ascii_case(CALL_INFO))?;
        info.parameters.iter().find_map(|(name, _)| match name {
            name if name.eq_ignore_ascii_case(b"barge") => Some(FeatureCode::Barge),
            name if name.eq_ignore_ascii_case(b"cbarge") => Some(FeatureCode::ConferenceBarge),
            _ => None,
        })
    })
}

const CALL_INFO: &[u8] = b"urn:x-cisco-remotecc:callinfo";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_call_info() {
        let check = |call_info: &str, expect: Option<FeatureCode>| {
            let text = format!("INVITE sip:1001@h SIP/2.0\r\n{call_info}Content-Length: 0\r\n\r\n");
            let mut message = Message::unread();
            message.read(text.as_bytes()).unwrap();
            assert_eq!(wanted(&message), expect, "{call_info}");
        };
        let info = |rest: &str| format!("Call-Info: <urn:x-cisco-remotecc:callinfo>{rest}\r\n");
        check(&info("; security=NotAuthenticated;orientation=from; barge"), Some(FeatureCode::Barge));
        check(&info(";cBarge"), Some(FeatureCode::ConferenceBarge));
        check(&info(";orientation=from"), None);
        check("Call-Info: <http://h/me.jpg>;barge\r\n", None);
        check("", None);
    }
}
