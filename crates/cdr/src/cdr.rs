//! Call detail records: who called whom, when, and how it ended.

use crate::record::record;

record! {
    /// A call detail record: what one pair of legs was to each other.
    Cdr {
        /// 1 = CDR, 2 = CMR (0 and 3 are reserved).
        cdr_record_type: Integer = "cdrRecordType",
        /// Node that made the call id; with the next field and the cluster id it names the call.
        global_call_id_call_manager_id: Integer = "globalCallID_callManagerId",
        /// 24-bit counter per node; saved to disk every 1000, so after a restart it jumps to the next thousand; wraps to 1.
        global_call_id_call_id: Integer = "globalCallID_callId",
        /// Leg of the calling side; unique in the cluster; joins to CMR callIdentifier.
        orig_leg_call_identifier: Integer = "origLegCallIdentifier",
        /// UTC epoch seconds: off hook, or the set-up message of an incoming call.
        date_time_origination: Integer = "dateTimeOrigination",
        /// Node the calling device is registered to; 0 unknown.
        orig_node_id: Integer = "origNodeId",
        /// Port or span of the calling gateway; 0 for phones and for non-gateway trunks.
        orig_span: Integer = "origSpan",
        /// Signalling IPv4 as signed 32-bit integer, low byte first; 0 for IPv6-only.
        orig_ip_addr: Integer = "origIpAddr",
        /// After calling-party changes of translation and route patterns; b00… for a bridge or recorder leg.
        calling_party_number: Text 50 = "callingPartyNumber",
        /// User logged in at the calling device.
        calling_party_unicode_login_user_id: Text 128 = "callingPartyUnicodeLoginUserID",
        /// Q.850 location of the cause (0 user …).
        orig_cause_location: Integer = "origCause_location",
        /// Why the call ended if the calling side ended it; 0 if the other side did.
        orig_cause_value: Integer = "origCause_value",
        /// MLPP 0 flash override, 1 flash, 2 immediate, 3 priority, 4 routine (default).
        orig_precedence_level: Integer = "origPrecedenceLevel",
        /// RTP address, same coding as origIpAddr; 0 if no media.
        orig_media_transport_address_ip: Integer = "origMediaTransportAddress_IP",
        /// RTP port.
        orig_media_transport_address_port: Integer = "origMediaTransportAddress_Port",
        /// Codec code.
        orig_media_cap_payload_capability: Integer = "origMediaCap_payloadCapability",
        /// Packet length in ms.
        orig_media_cap_max_frames_per_packet: Integer = "origMediaCap_maxFramesPerPacket",
        /// Unused; 0.
        orig_media_cap_g723_bit_rate: Integer = "origMediaCap_g723BitRate",
        /// 100 H.261, 101 H.263, 103 H.264.
        orig_video_cap_codec: Integer = "origVideoCap_Codec",
        /// Bandwidth in kbit/s.
        orig_video_cap_bandwidth: Integer = "origVideoCap_Bandwidth",
        /// 1 SQCIF, 2 QCIF, 3 CIF, 4 CIF4, 5 CIF16, 6 H.263 custom / H.264 profile, up to 12.
        orig_video_cap_resolution: Integer = "origVideoCap_Resolution",
        /// Coded like origIpAddr.
        orig_video_transport_address_ip: Integer = "origVideoTransportAddress_IP",
        /// RTP port of its video.
        orig_video_transport_address_port: Integer = "origVideoTransportAddress_Port",
        /// Reservation result, text 0-5: 0 none, 1 preferred ok, ….
        orig_rsvp_audio_stat: Text 64 = "origRSVPAudioStat",
        /// The same for video.
        orig_rsvp_video_stat: Text 64 = "origRSVPVideoStat",
        /// Leg of the called side; 0 if none was created.
        dest_leg_identifier: Integer = "destLegIdentifier",
        /// Node of the called device.
        dest_node_id: Integer = "destNodeId",
        /// As `origSpan`.
        dest_span: Integer = "destSpan",
        /// As `origIpAddr`.
        dest_ip_addr: Integer = "destIpAddr",
        /// First called number, after translation; never changed by forwarding.
        original_called_party_number: Text 50 = "originalCalledPartyNumber",
        /// Party reached last; bridge number b00… for a conference leg.
        final_called_party_number: Text 50 = "finalCalledPartyNumber",
        /// User logged in at the device that was reached last.
        final_called_party_unicode_login_user_id: Text 128 = "finalCalledPartyUnicodeLoginUserID",
        /// Q.850 location of the cause of the called side.
        dest_cause_location: Integer = "destCause_location",
        /// Why it ended if the called side or network ended it; 0 if the calling side did.
        dest_cause_value: Integer = "destCause_value",
        /// 4 = routine.
        dest_precedence_level: Integer = "destPrecedenceLevel",
        /// As `origMediaTransportAddress_IP`.
        dest_media_transport_address_ip: Integer = "destMediaTransportAddress_IP",
        /// As `origMediaTransportAddress_Port`.
        dest_media_transport_address_port: Integer = "destMediaTransportAddress_Port",
        /// As `origMediaCap_payloadCapability`.
        dest_media_cap_payload_capability: Integer = "destMediaCap_payloadCapability",
        /// As `origMediaCap_maxFramesPerPacket`.
        dest_media_cap_max_frames_per_packet: Integer = "destMediaCap_maxFramesPerPacket",
        /// As `origMediaCap_g723BitRate`.
        dest_media_cap_g723_bit_rate: Integer = "destMediaCap_g723BitRate",
        /// As `origVideoCap_Codec`.
        dest_video_cap_codec: Integer = "destVideoCap_Codec",
        /// As `origVideoCap_Bandwidth`.
        dest_video_cap_bandwidth: Integer = "destVideoCap_Bandwidth",
        /// As `origVideoCap_Resolution`.
        dest_video_cap_resolution: Integer = "destVideoCap_Resolution",
        /// As `origVideoTransportAddress_IP`.
        dest_video_transport_address_ip: Integer = "destVideoTransportAddress_IP",
        /// As `origVideoTransportAddress_Port`.
        dest_video_transport_address_port: Integer = "destVideoTransportAddress_Port",
        /// As `origRSVPAudioStat`.
        dest_rsvp_audio_stat: Text 64 = "destRSVPAudioStat",
        /// As `origRSVPVideoStat`.
        dest_rsvp_video_stat: Text 64 = "destRSVPVideoStat",
        /// UTC epoch of the answer; 0 = never answered.
        date_time_connect: Integer = "dateTimeConnect",
        /// UTC epoch; for unanswered calls the time of release.
        date_time_disconnect: Integer = "dateTimeDisconnect",
        /// Number that redirected last; equals originalCalled if nothing redirected.
        last_redirect_dn: Text 50 = "lastRedirectDn",
        /// Row key, lower-case UUID.
        pkid: Identifier = "pkid",
        /// Partition of that number; route pattern's partition for calls out; empty from outside.
        original_called_party_number_partition: Text 50 = "originalCalledPartyNumberPartition",
        /// Partition of the calling number.
        calling_party_number_partition: Text 50 = "callingPartyNumberPartition",
        /// Partition of the number that was reached last.
        final_called_party_number_partition: Text 50 = "finalCalledPartyNumberPartition",
        /// Partition of the number that redirected last.
        last_redirect_dn_partition: Text 50 = "lastRedirectDnPartition",
        /// Whole seconds between connect and disconnect; 0 if under one second or not answered.
        duration: Integer = "duration",
        /// Calling device.
        orig_device_name: Text 129 = "origDeviceName",
        /// Called device.
        dest_device_name: Text 129 = "destDeviceName",
        /// Code of the codes: which feature cleared the calling leg.
        orig_call_termination_on_behalf_of: Integer = "origCallTerminationOnBehalfOf",
        /// The same for the called leg.
        dest_call_termination_on_behalf_of: Integer = "destCallTerminationOnBehalfOf",
        /// Feature that redirected the first called number.
        orig_called_party_redirect_on_behalf_of: Integer = "origCalledPartyRedirectOnBehalfOf",
        /// Feature of the last redirection.
        last_redirect_redirect_on_behalf_of: Integer = "lastRedirectRedirectOnBehalfOf",
        /// Reason of the first redirection.
        orig_called_party_redirect_reason: Integer = "origCalledPartyRedirectReason",
        /// Reason of the last one.
        last_redirect_redirect_reason: Integer = "lastRedirectRedirectReason",
        /// Id of the conference the called leg joined; 0 otherwise.
        dest_conversation_id: Integer = "destConversationId",
        /// Cluster id.
        global_call_id_cluster_id: Text 50 = "globalCallId_ClusterID",
        /// Feature that joined the two legs (4 conference, 10 transfer, 27 recording …).
        join_on_behalf_of: Integer = "joinOnBehalfOf",
        /// Key=value; pairs, or callFlag=MALICIOUS.
        comment: Text 2048 = "comment",
        /// Name of the authorization code.
        auth_code_description: Text 50 = "authCodeDescription",
        /// Its level.
        authorization_level: Integer = "authorizationLevel",
        /// As `keyed`.
        client_matter_code: Text 32 = "clientMatterCode",
        /// 0 none, 1 out of band, 2 RFC 2833, 3 both, 4 unknown.
        orig_dtmf_method: Integer = "origDTMFMethod",
        /// The same of the other side.
        dest_dtmf_method: Integer = "destDTMFMethod",
        /// 0 none, 1 authenticated, 2 encrypted.
        call_secured_status: Integer = "callSecuredStatus",
        /// Conference or recorded conversation of the calling leg.
        orig_conversation_id: Integer = "origConversationId",
        /// Bandwidth of the codec in kbit/s.
        orig_media_cap_bandwidth: Integer = "origMediaCap_Bandwidth",
        /// The same of the other side.
        dest_media_cap_bandwidth: Integer = "destMediaCap_Bandwidth",
        /// Code itself, only if display is enabled.
        authorization_code_value: Text 32 = "authorizationCodeValue",
        /// Number sent to the trunk after every change.
        outpulsed_calling_party_number: Text 50 = "outpulsedCallingPartyNumber",
        /// Same, called.
        outpulsed_called_party_number: Text 50 = "outpulsedCalledPartyNumber",
        /// Textual address, IPv4 or IPv6.
        orig_ipv4v6_addr: Text 64 = "origIpv4v6Addr",
        /// The same of the other side.
        dest_ipv4v6_addr: Text 64 = "destIpv4v6Addr",
        /// Of the second video channel: orig video cap codec.
        orig_video_cap_codec_channel2: Integer = "origVideoCap_Codec_Channel2",
        /// Of the second video channel: orig video cap bandwidth.
        orig_video_cap_bandwidth_channel2: Integer = "origVideoCap_Bandwidth_Channel2",
        /// Of the second video channel: orig video cap resolution.
        orig_video_cap_resolution_channel2: Integer = "origVideoCap_Resolution_Channel2",
        /// Of the second video channel: orig video transport address ip.
        orig_video_transport_address_ip_channel2: Integer = "origVideoTransportAddress_IP_Channel2",
        /// Of the second video channel: orig video transport address port.
        orig_video_transport_address_port_channel2: Integer = "origVideoTransportAddress_Port_Channel2",
        /// 0 presentation, 1 main ….
        orig_video_channel_role_channel2: Integer = "origVideoChannel_Role_Channel2",
        /// Of the second video channel: dest video cap codec.
        dest_video_cap_codec_channel2: Integer = "destVideoCap_Codec_Channel2",
        /// Of the second video channel: dest video cap bandwidth.
        dest_video_cap_bandwidth_channel2: Integer = "destVideoCap_Bandwidth_Channel2",
        /// Of the second video channel: dest video cap resolution.
        dest_video_cap_resolution_channel2: Integer = "destVideoCap_Resolution_Channel2",
        /// Of the second video channel: dest video transport address ip.
        dest_video_transport_address_ip_channel2: Integer = "destVideoTransportAddress_IP_Channel2",
        /// Of the second video channel: dest video transport address port.
        dest_video_transport_address_port_channel2: Integer = "destVideoTransportAddress_Port_Channel2",
        /// As `origVideoChannel_Role_Channel2`.
        dest_video_channel_role_channel2: Integer = "destVideoChannel_Role_Channel2",
        /// 0 unknown, 1 SIP, 2 H.323, 3 CTI, 4 Q.931.
        incoming_protocol_id: Integer = "IncomingProtocolID",
        /// 32 hex digits: call id (16), leg id (8), 8 more.
        incoming_protocol_call_ref: Text 32 = "IncomingProtocolCallRef",
        /// As `above`.
        outgoing_protocol_id: Integer = "OutgoingProtocolID",
        /// As `above`.
        outgoing_protocol_call_ref: Text 32 = "OutgoingProtocolCallRef",
        /// External policy decision 0-8.
        current_routing_reason: Integer = "currentRoutingReason",
        /// Same, first.
        orig_routing_reason: Integer = "origRoutingReason",
        /// Same, last.
        last_redirecting_routing_reason: Integer = "lastRedirectingRoutingReason",
        /// Partition of the hunt pilot.
        hunt_pilot_partition: Text 50 = "huntPilotPartition",
        /// Pilot that the call went through.
        hunt_pilot_dn: Text 50 = "huntPilotDN",
        /// Pattern kind of the final called number; default 5.
        called_party_pattern_usage: Integer = "calledPartyPatternUsage",
        /// IMS charging identity (P-Charging-Vector).
        incoming_icid: Text 50 = "IncomingICID",
        /// IMS charging field.
        incoming_orig_ioi: Text 50 = "IncomingOrigIOI",
        /// IMS charging field.
        incoming_term_ioi: Text 50 = "IncomingTermIOI",
        /// The same as `IncomingICID`.
        outgoing_icid: Text 50 = "OutgoingICID",
        /// IMS charging field.
        outgoing_orig_ioi: Text 50 = "OutgoingOrigIOI",
        /// IMS charging field.
        outgoing_term_ioi: Text 50 = "OutgoingTermIOI",
        /// Redirecting number as sent.
        outpulsed_original_called_party_number: Text 50 = "outpulsedOriginalCalledPartyNumber",
        /// Last redirecting number as sent.
        outpulsed_last_redirecting_number: Text 50 = "outpulsedLastRedirectingNumber",
        /// 1 if a queue held the call.
        was_call_queued: Integer = "wasCallQueued",
        /// Seconds.
        total_wait_time_in_queue: Integer = "totalWaitTimeInQueue",
        /// Directory URI forms.
        calling_party_number_uri: Text 255 = "callingPartyNumber_uri",
        /// As `callingPartyNumber_uri`.
        original_called_party_number_uri: Text 255 = "originalCalledPartyNumber_uri",
        /// Directory URI.
        final_called_party_number_uri: Text 255 = "finalCalledPartyNumber_uri",
        /// Directory URI.
        last_redirect_dn_uri: Text 255 = "lastRedirectDn_uri",
        /// Cell number of the calling user.
        mobile_calling_party_number: Text 50 = "mobileCallingPartyNumber",
        /// Cell number reached.
        final_mobile_called_party_number: Text 50 = "finalMobileCalledPartyNumber",
        /// Name of the mobile device of the calling user.
        orig_mobile_device_name: Text 129 = "origMobileDeviceName",
        /// Name of the mobile device that was reached.
        dest_mobile_device_name: Text 129 = "destMobileDeviceName",
        /// Seconds on the cell leg.
        orig_mobile_call_duration: Integer = "origMobileCallDuration",
        /// Seconds on the leg to the mobile that was reached.
        dest_mobile_call_duration: Integer = "destMobileCallDuration",
        /// Bit mask, the codes.
        mobile_call_type: Integer = "mobileCallType",
        /// Pattern text matched first.
        original_called_party_pattern: Text 50 = "originalCalledPartyPattern",
        /// Pattern text matched last.
        final_called_party_pattern: Text 50 = "finalCalledPartyPattern",
        /// Pattern of the number that redirected last.
        last_redirecting_party_pattern: Text 50 = "lastRedirectingPartyPattern",
        /// Pattern of the hunt pilot.
        hunt_pilot_pattern: Text 50 = "huntPilotPattern",
        /// Type name, for example a cloud remote device; mostly empty.
        orig_device_type: Text 100 = "origDeviceType",
        /// Type name of the called device.
        dest_device_type: Text 100 = "destDeviceType",
        /// RFC 7989 session id, local.
        orig_device_session_id: Text 128 = "origDeviceSessionID",
        /// Remote.
        dest_device_session_id: Text 128 = "destDeviceSessionID",
    }
}
