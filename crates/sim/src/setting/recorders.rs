//! Recorders of storms: lines whose calls they record, always or on demand.

use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::Rng;
use strowger_base::net::Transport;
use strowger_callcontrol::configuration::{
    LineRecording, RecorderEncryption, RecordingOption, RecordingProfile, RecordingTone, Unrecorded,
};
use strowger_node::configuration::{
    Draft, PartitionDraft, RouteDraft, RouteGroupDraft, RouteListDraft, RouteListMemberDraft,
    SearchSpaceDraft,
};
use strowger_sip::io::Trunk;

use crate::phone::{Manners, Phone};

/// What a seed decides of recorders.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recorders {
    /// How many there are; of two the second takes the place of the first. No line is recorded when 0.
    pub(crate) count: u64,
    /// Who is recorded hears a tone, and who talks with him.
    tone: bool,
    /// Calls are released that are not recorded.
    strict: bool,
}

impl Recorders {
    /// Two of three storms have some.
    pub(crate) fn of_storm(seed: u64) -> Recorders {
        let mut rng = Rng::new(seed ^ 0x5ec0_4de4);
        Recorders { count: rng.below(3), tone: rng.one_in(2), strict: rng.one_in(4) }
    }

    /// Trunks to them, and lines whose calls they record.
    pub(crate) fn furnish(self, draft: &mut Draft) {
        if self.count == 0 {
            return;
        }
        let name = |at: u64| Box::<str>::from(format!("recorder{at}"));
        for at in 0..self.count {
            let destination = address(at);
            draft.trunks.push(Trunk {
                name: name(at),
                destination,
                transport: Transport::Udp,
                sources: vec![(destination.ip(), None)],
            });
        }
        // One is on its trunk, two are looked up.
        let listed = self.count > 1;
        let profile = RecordingProfile {
            name: "all".into(),
            trunk: if listed { Box::default() } else { name(0) },
            number: NUMBER.into(),
            search_space: if listed { "recorders".into() } else { Box::default() },
            unrecorded: if self.strict { Unrecorded::Released } else { Unrecorded::GoesOn },
            encryption: RecorderEncryption::IfTaken,
        };
        draft.recording.profiles.insert(profile.name.clone(), Arc::new(profile));
        draft.recording.tone = RecordingTone { recorded: self.tone, other_party: self.tone };
        if listed {
            let plan = &mut draft.plan;
            plan.partitions.push(PartitionDraft { name: "recorders".into(), ..PartitionDraft::default() });
            let partitions = vec!["recorders".into()];
            plan.search_spaces.push(SearchSpaceDraft { name: "recorders".into(), partitions });
            plan.route_groups.push(RouteGroupDraft {
                name: "recorders".into(),
                trunks: (0..self.count).map(name).collect(),
                ..RouteGroupDraft::default()
            });
            let member =
                RouteListMemberDraft { group: "recorders".into(), ..RouteListMemberDraft::default() };
            plan.route_lists.push(RouteListDraft { name: "recorders".into(), members: vec![member] });
            let mut route = RouteDraft::new(NUMBER, "");
            (route.pattern.partition, route.route_list) = ("recorders".into(), "recorders".into());
            plan.routes.push(route);
        }
        let options = [RecordingOption::Selective, RecordingOption::Automatic];
        for (line, option) in draft.lines.iter_mut().zip(options) {
            for phone in &mut line.phones {
                phone.recording = Some(Box::new(LineRecording { option, profile: "all".into() }));
            }
        }
    }

    /// The recorders themselves: one refuses now and then, does not answer, forgets its calls, pauses, and hangs up.
    pub(crate) fn phones(self, seed: u64) -> impl Iterator<Item = Phone> {
        (0..self.count).map(move |at| {
            let mut phone = Phone::trunk(NUMBER, address(at));
            (phone.records, phone.still) = (true, false);
            phone.rng = Rng::new(seed ^ 0x7000 ^ at);
            phone.manners = MANNERS;
            phone
        })
    }
}

fn address(at: u64) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 201 + at as u8], 5060))
}

/// The number of all recorders.
const NUMBER: &str = "7000";
/// How they behave in a storm.
pub(crate) const MANNERS: Manners = Manners {
    forgets: 30,
    babbles: 0,
    omits_ack: 0,
    rejects: 5,
    ignores: 8,
    cancels: 0,
    crosses: 0,
    transfers: 0,
    lingers: true,
    byes_early: 0,
};
