//! Bandwidth of video: a session takes what its regions permit of what locations have for video, beside what its audio takes.
//!
//! A call whose video finds no room goes on with audio: the other side is told that there is none, and who offered it hears so in the answer.

use std::sync::Arc;

use strowger_base::SessionDescription;
use strowger_base::journal::{Admission as News, Decision, StreamMedia, StreamNews, WhyStreamRefused};
use strowger_media::sdp::{self, StreamBeside};

use super::Step;
use crate::admission::{Rate, Reserved};
use crate::configuration::Site;
use crate::exchange::Side;

impl Step<'_> {
    /// What the other side is told of an offer that has video, between two sites: none of it where there is no room.
    pub(super) fn with_room_for_video(
        &mut self,
        from: Side,
        sites: &(Site, Site),
        offer: &SessionDescription,
        left: Option<SessionDescription>,
    ) -> Option<SessionDescription> {
        let told = left.as_ref().unwrap_or(offer);
        let mut streams = sdp::streams_beside(told.as_bytes());
        streams.retain(is_video);
        if streams.is_empty() {
            return left;
        }
        let Err(why) = self.take_room_for_video(sites) else { return left };
        let leg = match from {
            Side::Caller => Some(self.facts.caller),
            Side::Called => None,
        };
        for StreamBeside { protocol, .. } in &streams {
            let media = StreamMedia::Video;
            self.decide(leg, Decision::Stream(StreamNews::Refused { media, protocol, why }));
        }
        let places: Vec<usize> = streams.iter().map(|stream| stream.place).collect();
        sdp::refuse_at(told.as_bytes(), &places).or(left)
    }

    /// Takes bandwidth for video between two sites, once between the same locations.
    fn take_room_for_video(&mut self, (caller, called): &(Site, Site)) -> Result<(), WhyStreamRefused> {
        let admission = Arc::clone(&self.shared.configuration.admission);
        let limits = admission.limits(caller.region.as_ref(), called.region.as_ref());
        let kbps = limits.map_or(admission.regions.defaults.video_kbps, |limits| limits.video_kbps_max);
        if kbps == 0 {
            return Err(WhyStreamRefused::Region);
        }
        let (from, to) = (caller.location(), called.location());
        if from == to || self.facts.reserved.has_video_to(to) {
            return Ok(());
        }
        if let Some(joins) = &self.facts.joins {
            let has_room = |without: &Reserved| {
                self.shared.bandwidth.has_room_without(without, &admission, (from, to), Rate::Video(kbps))
            };
            // The party that joins brings it along: it is taken then, in place of what its present call has.
            if !has_room(&Reserved::default()) && has_room(&joins.has) {
                return Ok(());
            }
        }
        let (between, rate) = ((from, to), Rate::Video(kbps));
        match self.shared.bandwidth.take(&admission, &mut self.facts.reserved, between, rate) {
            Ok(()) => {
                self.decide(None, Decision::Stream(StreamNews::Reserved { from, to, kbps }));
                Ok(())
            }
            Err(missing) => {
                self.shared.counters.without_bandwidth += 1;
                self.decide(None, Decision::Admission(News::BandwidthMissing(missing.view())));
                Err(WhyStreamRefused::NoBandwidth)
            }
        }
    }

    /// A device rings on for somebody else, who would have video with it as it was offered.
    pub(super) fn keep_room_for_video(&mut self, sites: &(Site, Site)) {
        let told = self.facts.to_called.sent();
        if told.is_some_and(|told| sdp::streams_beside(told.as_bytes()).iter().any(is_video)) {
            // Without any the two will go on with audio.
            _ = self.take_room_for_video(sites);
        }
    }

    /// These streams are agreed: without video among them none needs any bandwidth.
    pub(super) fn settle_room_for_video(&mut self, agreed: &[StreamBeside<'_>]) {
        if !agreed.iter().any(is_video) {
            self.shared.bandwidth.give_back_video(&mut self.facts.reserved);
        }
    }
}

fn is_video(stream: &StreamBeside<'_>) -> bool {
    StreamMedia::of(stream.media) == StreamMedia::Video
}
