//! Trunks, and gateways, which have no far end yet.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use strowger_base::net::Transport;
use strowger_callcontrol::configuration::{RecorderEncryption, RecordingProfile, SrtpRule, Unrecorded};
use strowger_configuration::kinds::{self, Gateway, Inbound, SipTransport};
use strowger_configuration::setting::{List, SourceText};
use strowger_configuration::{Kind, State};
use strowger_dialplan::forward::Classification;
use strowger_sip::io::Trunk;

use super::places::{incoming, view};
use super::{Translation, admission, key_method, media, name, text};
use crate::configuration::{IncomingDraft, IncomingRuleDraft, Place, PlannedTrunk, TrunkDialling};

impl Translation<'_> {
    /// Ways to other systems.
    pub(super) fn trunks(&mut self) {
        for (id, it) in self.state.all::<kinds::Trunk>() {
            let dialling = dialling(self.state, it);
            let Some(far_end) = far_end(self.state, it) else {
                self.planned(Kind::Trunk, id, it.name.as_str(), dialling);
                continue;
            };
            self.add(|draft| &mut draft.trunks, Place::Trunk, Kind::Trunk, id, far_end);
            self.translated.draft.trunk_dialling.push(dialling);
        }
        // Patterns that lead to a gateway lead there, and are refused: they must not lead elsewhere.
        for (id, it) in self.state.all::<Gateway>() {
            let dialling = TrunkDialling {
                search_space: name(self.state, it.search_space),
                overlap: it.overlap,
                classification: classification(it.classification),
                view: view(self.state, it.transformation_spaces.as_deref()),
                device_pool: name(self.state, it.device_pool),
                site: admission::of_trunk(self.state, it.location),
                ..TrunkDialling::default()
            };
            self.planned(Kind::Gateway, id, it.name.as_str(), dialling);
        }
    }

    /// Recorders.
    pub(super) fn recorders(&mut self) {
        for (_, it) in self.state.all::<kinds::RecordingProfile>() {
            let profile = RecordingProfile {
                name: it.name.as_str().into(),
                trunk: name(self.state, it.trunk),
                number: it.number.as_str().into(),
                search_space: name(self.state, it.search_space),
                unrecorded: match it.unrecorded {
                    kinds::UnrecordedCall::GoesOn => Unrecorded::GoesOn,
                    kinds::UnrecordedCall::Released => Unrecorded::Released,
                },
                encryption: match it.encryption {
                    kinds::RecorderEncryption::AsTheCall => RecorderEncryption::AsTheCall,
                    kinds::RecorderEncryption::Always => RecorderEncryption::Always,
                    kinds::RecorderEncryption::IfTaken => RecorderEncryption::IfTaken,
                    kinds::RecorderEncryption::Never => RecorderEncryption::Never,
                },
            };
            let profiles = &mut self.translated.draft.recording.profiles;
            profiles.insert(profile.name.clone(), Arc::new(profile));
        }
    }

    fn planned(&mut self, kind: Kind, id: strowger_configuration::Id, name: &str, dialling: TrunkDialling) {
        let planned = PlannedTrunk { name: name.into(), dialling };
        self.add(|draft| &mut draft.trunks_planned, Place::PlannedTrunk, kind, id, planned);
    }
}

/// Where calls to a trunk go and calls from it come from; `None` when it has no far end that the node can reach.
fn far_end(state: &State, it: &kinds::Trunk) -> Option<Trunk> {
    let mut addresses = it.destinations.iter().filter_map(|there| there.as_str().parse::<SocketAddr>().ok());
    let destination = addresses.next()?;
    let mut sources = sources(&it.sources);
    if sources.is_empty() {
        // Of the first the port is known as that of the destination.
        let others =
            addresses.flat_map(|address| [(address.ip(), Some(address.port())), (address.ip(), None)]);
        sources = std::iter::once((destination.ip(), None)).chain(others).collect();
        sources.dedup();
    }
    Some(Trunk { name: it.name.as_str().into(), destination, transport: transport(state, it)?, sources })
}

fn sources<const MOST: usize>(written: &List<SourceText, MOST>) -> Vec<(IpAddr, Option<u16>)> {
    let source = |text: &str| match text.parse::<SocketAddr>() {
        Ok(address) => Some((address.ip(), Some(address.port()))),
        Err(_) => text.parse().ok().map(|address| (address, None)),
    };
    written.iter().filter_map(|written| source(written.as_str())).collect()
}

/// What carries its calls; `None` where the node cannot do it.
pub(super) fn transport(state: &State, it: &kinds::Trunk) -> Option<Transport> {
    let Some(profile) = it.security_profile.and_then(|profile| state.get(profile)) else {
        return Some(Transport::Udp);
    };
    match profile.transport {
        SipTransport::Udp => Some(Transport::Udp),
        SipTransport::Tcp => Some(Transport::Tcp),
        SipTransport::Tls => None,
    }
}

fn dialling(state: &State, it: &kinds::Trunk) -> TrunkDialling {
    let inbound = it.inbound.as_deref();
    let pool = it.device_pool.and_then(|pool| state.get(pool));
    let calling = incoming(state, inbound.and_then(|inbound| inbound.calling.as_ref()));
    let calling = match inbound.and_then(|inbound| inbound.calling_transformations) {
        None => calling,
        // Its patterns see every number, whoever's rule brought it into form.
        Some(space) => {
            let of_pool = incoming(state, pool.and_then(|pool| pool.incoming_calling.as_deref()));
            through(calling, of_pool, &name(state, Some(space)))
        }
    };
    TrunkDialling {
        search_space: name(state, it.search_space),
        overlap: it.sip_profile.and_then(|profile| state.get(profile)).is_some_and(|profile| profile.overlap),
        incoming_calling: calling,
        incoming_called: incoming(state, inbound.and_then(|inbound| inbound.called.as_ref())),
        significant_digits: inbound.and_then(significant_digits),
        prefix: text(inbound.map(|inbound| inbound.prefix.as_str())),
        classification: classification(it.classification),
        view: view(state, it.transformation_spaces.as_deref()),
        device_pool: name(state, it.device_pool),
        tells_messages: it
            .security_profile
            .and_then(|profile| state.get(profile))
            .is_some_and(|profile| profile.accept_unsolicited_notify),
        keys: key_method(it.sip_profile.and_then(|profile| state.get(profile))),
        srtp: if it.srtp_allowed { SrtpRule::AsOffered } else { SrtpRule::Never },
        media: media::of_trunk(state, it),
        site: admission::of_trunk(state, it.location),
    }
}

fn significant_digits(it: &Inbound) -> Option<u8> {
    u8::try_from(it.significant_digits?.get()).ok()
}

/// The rules of a trunk, or of its pool, followed by transformation patterns where they name none themselves.
fn through(own: IncomingDraft, of_pool: IncomingDraft, space: &str) -> IncomingDraft {
    let rule = |own: Option<IncomingRuleDraft>, of_pool: Option<IncomingRuleDraft>| {
        let mut rule = own.or(of_pool).unwrap_or_default();
        if rule.search_space.is_empty() {
            rule.search_space = space.into();
        }
        Some(rule)
    };
    IncomingDraft {
        national: rule(own.national, of_pool.national),
        international: rule(own.international, of_pool.international),
        subscriber: rule(own.subscriber, of_pool.subscriber),
        unknown: rule(own.unknown, of_pool.unknown),
    }
}

const fn classification(it: kinds::Classification) -> Classification {
    match it {
        kinds::Classification::OnNet => Classification::OnNet,
        kinds::Classification::OffNet => Classification::OffNet,
        kinds::Classification::System => Classification::SystemDefault,
    }
}
