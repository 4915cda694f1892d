//! Call management records: how calls sounded.

use crate::record::record;

record! {
    /// A call management record: how one leg sounded in one period of media.
    Cmr {
        /// 2.
        cdr_record_type: Integer = "cdrRecordType",
        /// Join key 1.
        global_call_id_call_manager_id: Integer = "globalCallID_callManagerId",
        /// Join key 2.
        global_call_id_call_id: Integer = "globalCallID_callId",
        /// Node that received the statistics.
        node_id: Integer = "nodeId",
        /// Line of the device.
        directory_num: Text 50 = "directoryNum",
        /// Leg: equals origLegCallIdentifier or destLegIdentifier.
        call_identifier: Integer = "callIdentifier",
        /// UTC epoch when media ended.
        date_time_stamp: Integer = "dateTimeStamp",
        /// RTP packets sent by the device.
        number_packets_sent: Integer = "numberPacketsSent",
        /// Payload bytes.
        number_octets_sent: Integer = "numberOctetsSent",
        /// RTP packets that the device received.
        number_packets_received: Integer = "numberPacketsReceived",
        /// Payload bytes that it received.
        number_octets_received: Integer = "numberOctetsReceived",
        /// Cumulative, from sequence numbers.
        number_packets_lost: Integer = "numberPacketsLost",
        /// Ms, estimate at the end.
        jitter: Integer = "jitter",
        /// Ms.
        latency: Integer = "latency",
        /// The key of the row, a lower-case UUID.
        pkid: Identifier = "pkid",
        /// Partition of the line.
        directory_num_partition: Text 50 = "directoryNumPartition",
        /// The cluster.
        global_call_id_cluster_id: Text 50 = "globalCallId_ClusterID",
        /// The device.
        device_name: Text 129 = "deviceName",
        /// Name=value;…, the codes.
        var_vq_metrics: Text 600 = "varVQMetrics",
        /// Seconds of this media period.
        duration: Integer = "duration",
        /// Main, presentation.
        video_content_type: Text 10 = "videoContentType",
        /// Seconds of video.
        video_duration: Optional = "videoDuration",
        /// Of video: number packets sent.
        number_video_packets_sent: Optional = "numberVideoPacketsSent",
        /// Of video: number octets sent.
        number_video_octets_sent: Optional = "numberVideoOctetsSent",
        /// Of video: number packets received.
        number_video_packets_received: Optional = "numberVideoPacketsReceived",
        /// Of video: number octets received.
        number_video_octets_received: Optional = "numberVideoOctetsReceived",
        /// Of video: number packets lost.
        number_video_packets_lost: Optional = "numberVideoPacketsLost",
        /// Of video: average jitter.
        video_average_jitter: Optional = "videoAverageJitter",
        /// Of video: round trip time.
        video_round_trip_time: Optional = "videoRoundTripTime",
        /// Of video: one way delay.
        video_one_way_delay: Optional = "videoOneWayDelay",
        /// Of video: reception metrics.
        video_reception_metrics: Text 600 = "videoReceptionMetrics",
        /// Of video: transmission metrics.
        video_transmission_metrics: Text 600 = "videoTransmissionMetrics",
        /// Of the second video channel: content type.
        video_content_type_channel2: Text 10 = "videoContentType_channel2",
        /// Of the second video channel: duration.
        video_duration_channel2: Optional = "videoDuration_channel2",
        /// Of the second video channel: number packets sent.
        number_video_packets_sent_channel2: Optional = "numberVideoPacketsSent_channel2",
        /// Of the second video channel: number octets sent.
        number_video_octets_sent_channel2: Optional = "numberVideoOctetsSent_channel2",
        /// Of the second video channel: number packets received.
        number_video_packets_received_channel2: Optional = "numberVideoPacketsReceived_channel2",
        /// Of the second video channel: number octets received.
        number_video_octets_received_channel2: Optional = "numberVideoOctetsReceived_channel2",
        /// Of the second video channel: number packets lost.
        number_video_packets_lost_channel2: Optional = "numberVideoPacketsLost_channel2",
        /// Of the second video channel: average jitter.
        video_average_jitter_channel2: Optional = "videoAverageJitter_channel2",
        /// Of the second video channel: round trip time.
        video_round_trip_time_channel2: Optional = "videoRoundTripTime_channel2",
        /// Of the second video channel: one way delay.
        video_one_way_delay_channel2: Optional = "videoOneWayDelay_channel2",
        /// Of the second video channel: reception metrics.
        video_reception_metrics_channel2: Text 600 = "videoReceptionMetrics_channel2",
        /// Of the second video channel: transmission metrics.
        video_transmission_metrics_channel2: Text 600 = "videoTransmissionMetrics_channel2",
        /// Session identifier of the device (RFC 7989).
        local_session_id: Text 128 = "localSessionID",
        /// That of the other side.
        remote_session_id: Text 128 = "remoteSessionID",
        /// Serial number of the headset.
        headset_sn: Text 129 = "headsetSN",
        /// What the headset counted.
        headset_metrics: Text 1024 = "headsetMetrics",
    }
}
